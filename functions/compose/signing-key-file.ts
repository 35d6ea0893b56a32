/**
 * Signing keys in a PEM file, for those who keep keys out of the store. The first key signs, all of
 * them verify. To rotate, put a new one (`openssl ecparam -genkey -name prime256v1 -noout`) after
 * the others, restart, move it to the top ten minutes later, and take the old one out when its last
 * token has ended.
 *
 * @module
 */

import { createPrivateKey, generateKeyPairSync, randomUUID } from 'node:crypto'
import { link, open, rm } from 'node:fs/promises'
import { localSigner, type SigningKeys } from '../auth/keys/signing-keys.ts'
import { SettingsError } from './errors.ts'

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code

/** Creates the file, mode 0600, unless another process was faster. */
const create = async (path: string): Promise<void> => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const temporary = `${path}.${randomUUID()}`
  const file = await open(temporary, 'wx', 0o600)
  try {
    await file.writeFile(privateKey.export({ format: 'pem', type: 'pkcs8' }))
    await file.sync()
    // Unlike a rename, a link never replaces a key that appeared meanwhile.
    await link(temporary, path)
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
  } finally {
    await file.close()
    await rm(temporary, { force: true })
  }
}

/** The file's text; its mode is that of the file that was read, whatever the path is by then. */
const read = async (path: string): Promise<string | undefined> => {
  const file = await open(path, 'r').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  })
  if (file === undefined) return undefined
  try {
    const { mode } = await file.stat()
    if (mode & 0o077) {
      const shown = (mode & 0o777).toString(8).padStart(4, '0')
      throw new SettingsError(
        `the signing key ${path} has mode ${shown}, so others than its owner can use it: run chmod 600 on it, and replace the key if others may have read it`,
      )
    }
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

/**
 * Opens the keys in a file, which is created with one key on first start.
 *
 * @throws SettingsError when others may read or write it, or it contains no P-256 private key in PEM
 */
export const signingKeyFile = async (path: string): Promise<SigningKeys> => {
  let text = await read(path)
  if (text === undefined) {
    await create(path)
    text = (await read(path)) ?? ''
  }
  const blocks = text.match(/-----BEGIN ((?:EC )?PRIVATE KEY)-----[^-]+-----END \1-----/g) ?? []
  const signers = blocks.map((pem, index) => {
    try {
      return localSigner(createPrivateKey(pem))
    } catch {
      // The cause may quote the key.
      throw new SettingsError(`key ${index + 1} in ${path} is not a P-256 (prime256v1) private key`)
    }
  })
  const [first] = signers
  if (first === undefined) throw new SettingsError(`${path} contains no PEM private key`)
  const published = signers.map(({ publicJwk }) => publicJwk)
  return { signer: async () => first, published: async () => published }
}
