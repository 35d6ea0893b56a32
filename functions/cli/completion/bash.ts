/**
 * Completion for bash, from 3.2 on, without bash-completion.
 *
 * @module
 */

import type { Completed, CompletedCommand, Values, Word } from './model.ts'

const words = (all: readonly Word[]): string => all.map(({ word }) => word).join(' ')

/** What completes a value. Words of the table have no character that a shell would change. */
const complete = (values: Values): string => {
  if (values === 'files') return '_slipway_files; return'
  return values.length === 0 ? 'return' : `_slipway_words '${values.join(' ')}'; return`
}

/** Cases of a `case`, a line each. */
const cases = (all: readonly (readonly [pattern: string, what: string])[]): string =>
  all.map(([pattern, what]) => `    ${pattern}) ${what} ;;`).join('\n')

/** Cases for the arguments of a command; the last may be there several times. */
const ofArgs = ({ name, args }: CompletedCommand) =>
  args.flatMap((values, at): [string, string][] => {
    const place = at === args.length - 1 ? `[${at}-9]` : `${at}`
    return values.length === 0 ? [] : [[`"${name}":${place}`, complete(values)]]
  })

/** The script. @param program what the command is called */
export const bashScript = (
  { first, verbs, commands, valued }: Completed,
  program: string,
): string => {
  const flags = Object.entries(valued)
  return `# bash completion for ${program}; made by \`${program} completion bash\`.
_slipway_words() {
  # shellcheck disable=SC2207
  COMPREPLY=($(compgen -W "$1" -- "$cur"))
}
_slipway_files() {
  compopt -o filenames 2>/dev/null
  local IFS=$'\\n'
  # shellcheck disable=SC2207
  COMPREPLY=($(compgen -f -- "$cur"))
}
_slipway_valued() {
  case $1 in
    ${flags.map(([name]) => `--${name}`).join('|')}) return 0 ;;
  esac
  return 1
}
_slipway_group() {
  case $1 in
    ${Object.keys(verbs).join('|')}) return 0 ;;
  esac
  return 1
}
_slipway() {
  COMPREPLY=()
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]}
  # bash takes --flag=value for three words.
  if [[ $cur == "=" ]]; then
    cur=
  elif [[ $prev == "=" ]] && ((COMP_CWORD > 1)); then
    prev=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  local at=1 given=0 head= verb= count=0 word
  while ((at < COMP_CWORD)); do
    word=\${COMP_WORDS[at]}
    if [[ $word == -* ]]; then
      if [[ \${COMP_WORDS[at + 1]} == "=" ]]; then
        ((at += 2))
      elif _slipway_valued "$word"; then
        ((at += 1))
      fi
    elif ((given == 0)); then
      [[ $word == help ]] || head=$word given=1
    elif ((given == 1)) && _slipway_group "$head"; then
      verb=$word given=2
    else
      ((count += 1))
    fi
    ((at += 1))
  done
  case $prev in
${cases(flags.map(([name, values]) => [`--${name}`, complete(values)]))}
  esac
  local command="$head\${verb:+ $verb}"
  if [[ $cur == -* ]]; then
    case $command in
${cases(commands.map((each) => [`"${each.name}"`, `_slipway_words '${words(each.flags)}'`]))}
    *) _slipway_words '--help --version --registry --plain-http' ;;
    esac
    return
  fi
  if [[ -z $head ]]; then
    _slipway_words '${words(first)}'
    return
  fi
  if [[ -z $verb ]]; then
    case $head in
${cases(Object.entries(verbs).map(([head, all]) => [head, `_slipway_words '${words(all)}'; return`]))}
    esac
  fi
  case "$command":$count in
${cases(commands.flatMap(ofArgs))}
  esac
}
complete -F _slipway ${program}`
}
