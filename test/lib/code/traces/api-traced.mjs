// Stands for the bundle of the function.
export const handler = () => undefined
