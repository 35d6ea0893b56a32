/**
 * The page for browsers: a script, a style sheet and an icon, whose names say what is in them, and the HTML that names them.
 *
 * @module
 */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
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

/**
 * Builds the page.
 *
 * @param directory where its files are written; what was there goes
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
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  for (const { path, contents } of outputFiles) {
    writeFileSync(join(directory, basename(path)), contents)
  }
  const named = (end: string): string =>
    basename(outputFiles.find(({ path }) => path.endsWith(end))?.path ?? '')
  writeFileSync(join(directory, 'index.html'), html(named('.js'), named('.css'), named('.svg')))
}
