/**
 * What of hash-wasm hashes need, in a module of its own: it is loaded when it is needed, and a bundler
 * leaves out the rest.
 *
 * @module
 */
export { createSHA256, createSHA512 } from 'hash-wasm'
