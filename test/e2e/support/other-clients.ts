/**
 * Clients that `.ci/long others` runs, since building or installing them takes minutes: ko, cosign, Jib,
 * Rust's oci-client. Each pushes content of its own; where it cannot pull, crane does.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { blob } from '../../support/hosts/content.ts'
import { projectRoot, run, toolCache } from '../../support/live/process.ts'
import { type Account, homeIn, type OpenClient } from './client.ts'
import { readLayout, sourceImage } from './image.ts'
import type { Follows } from './upload-scene.ts'

/** Where `.ci/install others` puts them. */
const OTHERS = join(toolCache, 'others')
export const otherProgram = (name: string): string => join(OTHERS, 'bin', name)
const MAVEN = ['mvn', '--batch-mode', '--quiet', `-Dmaven.repo.local=${OTHERS}/m2`]

/** Bytes of what they push. */
const FILES = { four: 4_000_000, nine: 9_000_000, fifty: 50_000_000 }

const write = (path: string, name: keyof typeof FILES): void =>
  writeFileSync(path, blob(name, FILES[name]).bytes)

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

/** crane with the credentials of an account, which other clients with Docker's configuration read too. */
const craneIn = (directory: string, address: string, { name, password }: Account) => {
  const env = { HOME: directory, DOCKER_CONFIG: homeIn(directory) }
  const crane = (...args: string[]) => run('crane', args, { env })
  return {
    env,
    crane,
    logIn: () => crane('auth', 'login', '-u', name, '-p', password, address),
    async pull(source: string) {
      const pulled = join(env.DOCKER_CONFIG, 'pulled')
      await crane('pull', '--format=oci', source, pulled)
      return readLayout(pulled).manifest
    },
  }
}

const NOBODY: Account = { name: '', password: '' }
const copiesNothing = () => assert.fail('it copies nothing')

const PROGRAM = `package main

import _ "embed"

//go:embed nine
var nine string

func main() { println(len(nine)) }
`

/** Its image: a base of small layers, a program with a file of 9 MB inside, and its data, a file of 50 MB. */
const openKo: OpenClient = async ({ address, directory }) => ({
  as(account = NOBODY) {
    const { env, crane, logIn, pull } = craneIn(directory, address, account)
    const source = homeIn(directory)
    return {
      logIn,
      async push(target) {
        mkdirSync(join(source, 'kodata'))
        writeFileSync(join(source, 'go.mod'), 'module slipway.test/app\n\ngo 1.26\n')
        writeFileSync(join(source, 'main.go'), PROGRAM)
        write(join(source, 'nine'), 'nine')
        write(join(source, 'kodata/fifty'), 'fifty')
        const [repository = '', tag = ''] = target.split(/:(?=[^:]*$)/)
        const base = `${repository}:base`
        await crane('push', (await sourceImage('small')).layout, base)
        const args = ['build', '--bare', '--insecure-registry', '--sbom=none', '--tags', tag, '.']
        const { GOCACHE, GOFLAGS } = { GOCACHE: join(OTHERS, 'go-build'), GOFLAGS: '-mod=mod' }
        const built = await run(otherProgram('ko'), args, {
          cwd: source,
          env: { ...env, GOCACHE, GOFLAGS, KO_DOCKER_REPO: repository, KO_DEFAULTBASEIMAGE: base },
        })
        return built.trim().split('@')[1] ?? ''
      },
      pull,
    }
  },
  copy: copiesNothing,
})

/** It uploads a file as an artifact, signs it in both of its forms, and verifies. */
const openCosign: OpenClient = async ({ address, directory }) => ({
  as(account = NOBODY) {
    const { env, crane, logIn } = craneIn(directory, address, account)
    const home = homeIn(directory)
    const cosign = (...args: string[]) =>
      run(otherProgram('cosign'), args, { cwd: home, env: { ...env, COSIGN_PASSWORD: '' } })
    const names = Object.keys(FILES) as (keyof typeof FILES)[]
    const all = names.map((name) => sha256(blob(name, FILES[name]).bytes as Buffer)).join()
    const plain = '--allow-http-registry'
    return {
      logIn,
      async push(target) {
        await cosign('generate-key-pair')
        for (const name of names) {
          write(join(home, name), name)
          await cosign('upload', 'blob', '-f', name, `${target}-${name}`)
        }
        const signed = `${target.split(':v1')[0]}@${(await crane('digest', `${target}-four`)).trim()}`
        for (const bundle of ['true', 'false']) {
          const form = ['--key', 'cosign.key', `--new-bundle-format=${bundle}`, plain]
          await cosign('sign', ...form, '--tlog-upload=false', '--use-signing-config=false', signed)
          const check = ['--key', 'cosign.pub', `--new-bundle-format=${bundle}`, plain]
          await cosign('verify', ...check, '--insecure-ignore-tlog', signed)
        }
        return all
      },
      async pull(source) {
        const found: string[] = []
        for (const name of names) {
          const manifest = JSON.parse(await crane('manifest', `${source}-${name}`))
          const { digest, size } = manifest.layers[0]
          assert.equal(size, FILES[name])
          const repository = source.split(':v1')[0]
          await run('bash', ['-c', `crane blob ${repository}@${digest} > blob`], { cwd: home, env })
          found.push(sha256(readFileSync(join(home, 'blob'))))
        }
        return found.join()
      },
    }
  },
  copy: copiesNothing,
})

const openJib: OpenClient = async ({ address, directory }) => ({
  as(account = NOBODY) {
    const { env, logIn, pull } = craneIn(directory, address, account)
    const app = homeIn(directory)
    return {
      logIn,
      async push(target) {
        copyFileSync(join(projectRoot, '.ci/others/jib/pom.xml'), join(app, 'pom.xml'))
        mkdirSync(join(app, 'target/classes'), { recursive: true })
        writeFileSync(join(app, 'target/classes/Main.class'), 'a class')
        for (const name of Object.keys(FILES) as (keyof typeof FILES)[]) {
          mkdirSync(join(app, name))
          write(join(app, name, name), name)
        }
        const [command = '', ...options] = MAVEN
        const { name, password } = account
        await run(
          command,
          [
            ...options,
            ...[`-Djib.to.image=${target}`, `-Djib.to.auth.username=${name}`],
            ...[
              `-Djib.to.auth.password=${password}`,
              '-DsendCredentialsOverHttp=true',
              'jib:build',
            ],
          ],
          { cwd: app, env: { ...env, XDG_CACHE_HOME: join(app, 'cache') } },
        )
        return readFileSync(join(app, 'target/jib-image.digest'), 'utf8')
      },
      pull,
    }
  },
  copy: copiesNothing,
})

const openOciClient: OpenClient = async ({ directory }) => ({
  as({ name, password } = NOBODY) {
    const home = homeIn(directory)
    const names = Object.keys(FILES) as (keyof typeof FILES)[]
    const client = (command: string, reference: string, files: readonly string[]) =>
      run(otherProgram('oci-client-push'), [command, reference, name, password, ...files], {
        cwd: home,
      })
    return {
      async push(target) {
        for (const each of names) write(join(home, each), each)
        await client('push', target, names)
        return names.map((each) => sha256(readFileSync(join(home, each)))).join()
      },
      async pull(source) {
        const files = names.map((each) => `pulled-${each}`)
        await client('pull', source, files)
        return files.map((each) => sha256(readFileSync(join(home, each)))).join()
      },
    }
  },
  copy: copiesNothing,
})

/** How they take a Location on another host. */
export const OTHER_CLIENTS: Readonly<Record<string, Follows>> = {
  'ko 0.19': {
    host: 'Web Function',
    open: openKo,
    layers: [9, 50],
    method: 'PATCH',
    length: true,
    authorization: undefined,
  },
  'cosign 3.1': {
    host: 'Web Function',
    open: openCosign,
    method: 'PATCH',
    length: true,
    authorization: undefined,
  },
  'jib-maven-plugin 3.5': {
    host: 'Web Function',
    open: openJib,
    method: 'PATCH',
    length: false,
    authorization: 'Bearer',
  },
  'oci-client 0.18': {
    host: 'Web Function',
    open: openOciClient,
    method: 'PATCH',
    length: true,
    authorization: undefined,
    chunk: 4 * 1024 * 1024,
  },
}
