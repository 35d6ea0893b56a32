import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openFileStore } from '../../functions/compose/file-store.ts'
import { storeContract } from './contract.ts'

storeContract(
  'file',
  async () => {
    const root = await mkdtemp(join(tmpdir(), 'slipway-file-'))
    return {
      store: openFileStore(root),
      close: () => rm(root, { recursive: true, force: true }),
    }
  },
  { presigns: false, memory: 'not' },
)
