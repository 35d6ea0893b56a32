/**
 * Credentials as Lambda gives them, in place of `@aws-sdk/credential-provider-node` in the bundle: that
 * looks in files, at single sign-on and at metadata services too, none of which a function has, and
 * is a tenth of the code.
 *
 * @module
 */

import { fromEnv } from '@aws-sdk/credential-provider-env'

/** What the SDK's clients ask for where nothing else was set. */
export const defaultProvider = fromEnv
