// Stands for the bundle of the Web Function, so that a template can be made without making it.
