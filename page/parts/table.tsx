/**
 * What tables and lists in pages have in common.
 *
 * @module
 */

import type { ComponentChildren } from 'preact'

/** A column: its name, and the class of its cells if they have one. */
type Column = ComponentChildren | readonly [name: ComponentChildren, cells: `col-${string}`]

/** The head of a table. */
export const Columns = ({ of }: { readonly of: readonly Column[] }) => (
  <thead>
    <tr>
      {of.map((column, at) => {
        const [name, cells] = Array.isArray(column) ? column : [column]
        return (
          <th key={at} scope="col" {...(cells === undefined ? {} : { class: cells })}>
            {name}
          </th>
        )
      })}
    </tr>
  </thead>
)

/** What leads to the next page, below a list. */
export const More = ({
  what,
  next,
  busy,
  failed,
  more,
}: {
  /** Its entries, as in `tags`. */
  readonly what: string
  readonly next: string | undefined
  /** Whether more is on its way. */
  readonly busy: boolean
  /** Why there is no more, if it failed. */
  readonly failed: string | undefined
  readonly more: () => void
}) => (
  <div class="pages">
    <span />
    {failed === undefined ? <span /> : <span role="alert">{failed}</span>}
    {next === undefined ? (
      <span />
    ) : (
      <button type="button" class="button" onClick={more} disabled={busy}>
        {busy ? 'Loading…' : `More ${what}`}
      </button>
    )}
  </div>
)
