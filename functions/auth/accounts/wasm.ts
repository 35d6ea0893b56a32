/**
 * What of hash-wasm passwords need, in a module of its own: it is loaded when it is needed, and a
 * bundler leaves out the rest.
 *
 * @module
 */
export { bcrypt, bcryptVerify } from 'hash-wasm'
