/**
 * The page for browsers: a script, a style sheet and an icon, whose names say what is in them, and the HTML that names them.
 *
 * @module
 */

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'

const local = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** Browsers of the last two years. */
const TARGET = ['chrome115', 'firefox115', 'safari16.4']

const html = (script: string, style: string, icon: string): string =>
  `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>Registry</title>
<link rel="icon" href="/page/${icon}" type="image/svg+xml">
<link rel="stylesheet" href="/page/${style}">
<script type="module" src="/page/${script}"></script>
</head>
<body>
<div id="root"></div>
<noscript>This page needs JavaScript. The registry itself does not: pull and push as usual.</noscript>
</body>
</html>
`

/** Writes a file so that it is there whole or not at all, unless it is there already. */
const place = (path: string, content: string | Uint8Array): void => {
  const bytes = Buffer.from(content)
  if (existsSync(path) && readFileSync(path).equals(bytes)) return
  const part = `${path}.${process.pid}`
  writeFileSync(part, bytes)
  renameSync(part, path)
}

/**
 * Builds the page. Servers may read the directory meanwhile: what they find belongs together.
 *
 * @param directory where its files are written; others that are there go
 * @throws esbuild's BuildFailure when the code cannot be bundled
 */
export const bundlePage = (directory: string): void => {
  const { outputFiles } = buildSync({
    entryPoints: [local('../page/main.tsx'), local('../page/page.css'), local('../page/icon.svg')],
    outdir: directory,
    entryNames: '[name]-[hash]',
    loader: { '.svg': 'copy' },
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: TARGET,
    jsx: 'automatic',
    jsxImportSource: 'preact',
    minify: true,
    legalComments: 'none',
    logLevel: 'warning',
    write: false,
  })
  const files = new Map(outputFiles.map(({ path, contents }) => [basename(path), contents]))
  const named = (end: string): string => [...files.keys()].find((name) => name.endsWith(end)) ?? ''
  mkdirSync(directory, { recursive: true })
  for (const [name, contents] of files) place(join(directory, name), contents)
  const page = 'index.html'
  place(join(directory, page), html(named('.js'), named('.css'), named('.svg')))
  const old = readdirSync(directory).filter((name) => name !== page && !files.has(name))
  for (const name of old) rmSync(join(directory, name), { force: true })
}
