/**
 * Completion for zsh, with what each word is about.
 *
 * @module
 */

import type { Completed, CompletedCommand, Values, Word } from './model.ts'

/** A text in single quotes. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

/** Offers words with what they are about; _describe ends a word at a colon. */
const offer = (what: string, words: readonly Word[]): string => {
  const all = words.map(({ word, help }) => quoted(`${word.replaceAll(':', '\\:')}:${help}`))
  return `offered=(${all.join(' ')}); _describe -V ${quoted(what)} offered; return`
}

const complete = (values: Values): string => {
  if (values === 'files') return '_files; return'
  return values.length === 0 ? 'return' : `compadd -- ${values.join(' ')}; return`
}

/** Cases of a `case`, a line each. */
const cases = (all: readonly (readonly [pattern: string, what: string])[]): string =>
  all.map(([pattern, what]) => `    ${pattern}) ${what} ;;`).join('\n')

/** Cases for the arguments of a command; the last may be there several times. */
const ofArgs = ({ name, args }: CompletedCommand) =>
  args.flatMap((values, at): [string, string][] => {
    const place = at === args.length - 1 ? `<${at}->` : `${at}`
    return values.length === 0 ? [] : [[`"${name}":${place}`, complete(values)]]
  })

/**
 * The script, which is sourced after compinit, or stands in a directory of fpath as `_slipway`.
 *
 * @param program what the command is called
 */
export const zshScript = (
  { first, verbs, commands, valued }: Completed,
  program: string,
): string => {
  const flags = Object.entries(valued)
  return `#compdef ${program}
# zsh completion for ${program}; made by \`${program} completion zsh\`.
_slipway() {
  local -a offered
  local head= verb= word flag=
  local -i at=2 count=0
  while ((at < CURRENT)); do
    word=$words[at]
    case $word in
    --*=*) ;;
    ${flags.map(([name]) => `--${name}`).join('|')}) ((at += 1)); ((at == CURRENT)) && flag=$word ;;
    -*) ;;
    *)
      if [[ -z $head ]]; then
        [[ $word == help ]] || head=$word
      elif [[ -z $verb && $head == (${Object.keys(verbs).join('|')}) ]]; then
        verb=$word
      else
        ((count += 1))
      fi ;;
    esac
    ((at += 1))
  done
  if [[ -z $flag && $words[CURRENT] == --*=* ]]; then
    flag=\${words[CURRENT]%%=*}
    compset -P '*='
  fi
  case $flag in
${cases(flags.map(([name, values]) => [`--${name}`, complete(values)]))}
  esac
  local command="$head\${verb:+ $verb}"
  if [[ $words[CURRENT] == -* ]]; then
    case $command in
${cases(commands.map((each) => [`"${each.name}"`, offer('flag', each.flags)]))}
    esac
    compadd -- --help --version --registry --plain-http
    return
  fi
  if [[ -z $head ]]; then
    ${offer('command', first)}
  fi
  if [[ -z $verb ]]; then
    case $head in
${cases(Object.entries(verbs).map(([head, all]) => [head, offer('command', all)]))}
    esac
  fi
  case "$command:$count" in
${cases(commands.flatMap(ofArgs))}
  esac
}
# In fpath this file is the function itself; sourced, it says what the function completes.
if [[ $funcstack[1] == _slipway ]]; then
  _slipway "$@"
else
  compdef _slipway ${program}
fi`
}
