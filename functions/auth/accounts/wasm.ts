/**
 * The part of hash-wasm that passwords need, in a module of its own: it is loaded on demand, and a
 * bundler leaves out the rest.
 *
 * @module
 */
export { bcrypt, bcryptVerify } from 'hash-wasm'
