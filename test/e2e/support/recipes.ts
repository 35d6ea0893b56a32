/**
 * Extracts the recipes of docs/access.md, unchanged.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from '../../support/live/process.ts'

/** A fenced code block. */
export interface Block {
  readonly language: string
  readonly text: string
}

/** A recipe: its title, and its code blocks in order. */
export interface Recipe {
  readonly title: string
  readonly blocks: readonly Block[]
}

const page = readFileSync(join(projectRoot, 'docs/access.md'), 'utf8')

const blocksOf = (markdown: string): Block[] =>
  [...markdown.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language = '', text = '']) => ({
    language,
    text,
  }))

const [before = '', recipesPart = ''] = page.split(/^## Recipes$/m)
const [preface = '', ...sections] = recipesPart.split(/^### /m)

/** The code blocks before the recipes. */
export const referenceBlocks: readonly Block[] = blocksOf(before)

/** The shell code that each recipe begins with. */
export const preamble: string = blocksOf(preface)
  .map(({ text }) => text)
  .join('')

export const recipes: readonly Recipe[] = sections.map((section) => ({
  title: section.split('\n', 1)[0] ?? '',
  blocks: blocksOf(section),
}))

/** Whether a block starts a server, which runs until the end of the recipe. */
export const startsServer = ({ language, text }: Block): boolean =>
  language === 'sh' && text.startsWith('npm start ')

/**
 * A block as a script for bash in which commands marked `# refused` must fail. What they print goes to
 * standard output, so that the reason can be checked.
 */
export const checked = (text: string): string =>
  text.replace(/^(.*) # refused$/gm, (_, command: string) => {
    assert.ok(!command.includes("'"), command)
    return `if ${command} 2>&1; then echo 'not refused: ${command}' >&2; exit 1; fi`
  })
