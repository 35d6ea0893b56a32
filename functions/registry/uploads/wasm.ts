/**
 * The hashes of hash-wasm that are used, in a module of their own, so that they are loaded only when
 * needed and bundlers leave out the rest.
 *
 * @module
 */
export { createSHA256, createSHA512 } from 'hash-wasm'
