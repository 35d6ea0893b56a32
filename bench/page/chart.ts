/**
 * Charts as SVG: bars in groups, each group on a scale of its own, for what is fast for one workload is
 * slow for the next.
 *
 * @module
 */

/** One bar. */
export interface Bar {
  readonly series: string
  readonly value: number
  /** How far the measurements spread: a line over the bar's end. */
  readonly low: number
  readonly high: number
  /** What stands beside it. */
  readonly label: string
}

/** Bars that are compared with each other. */
export interface Group {
  readonly title: string
  readonly bars: readonly Bar[]
  /** The value at the end of the scale. Default: the largest of the group. */
  readonly most?: number
}

export interface Chart {
  readonly title: string
  readonly groups: readonly Group[]
}

const WIDTH = 860
const NAME_WIDTH = 250
const LABEL_WIDTH = 130
const BAR_HEIGHT = 13
const GROUP_GAP = 14
const HEAD_HEIGHT = 52
const COLORS = ['#1769aa', '#c2571a', '#8a8f98', '#2f7d4f']

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

const text = (x: number, y: number, kind: string, words: string): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" class="${kind}">${escaped(words)}</text>`

const rectangle = (x: number, y: number, width: number, color: string): string =>
  `<rect x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${width.toFixed(1)}" height="${BAR_HEIGHT - 3}" fill="${color}"/>`

// A page may be dark: a picture in it has only its own style.
const STYLE = `<style>
text{font:12px system-ui,sans-serif;fill:#24292f}
.title{font-weight:600;font-size:14px}
.name{text-anchor:end}
.label{font-size:10px}
.spread{stroke:#24292f;stroke-width:1}
@media(prefers-color-scheme:dark){text{fill:#d7dde4}.spread{stroke:#d7dde4}}
</style>`

/** Draws a chart. Series have the same color in all groups, by the order in which they appear. */
export const drawChart = ({ title, groups }: Chart): string => {
  const series = [...new Set(groups.flatMap(({ bars }) => bars.map((bar) => bar.series)))]
  const colorOf = (name: string) => COLORS[series.indexOf(name) % COLORS.length] ?? ''
  const room = WIDTH - NAME_WIDTH - LABEL_WIDTH
  const parts: string[] = [text(0, 16, 'title', title)]
  let x = 0
  for (const name of series) {
    parts.push(rectangle(x, 27, 10, colorOf(name)), text(x + 15, 36, 'legend', name))
    x += 35 + name.length * 7
  }
  let y = HEAD_HEIGHT
  for (const group of groups) {
    const most = group.most ?? (Math.max(...group.bars.map(({ high }) => high)) || 1)
    const lengthOf = (value: number) => (value / most) * room
    const middle = y + (group.bars.length * BAR_HEIGHT) / 2 + 3
    parts.push(text(NAME_WIDTH - 10, middle, 'name', group.title))
    for (const { series: name, value, low, high, label } of group.bars) {
      const line = y + (BAR_HEIGHT - 3) / 2
      const [from, to] = [low, high].map((end) => (NAME_WIDTH + lengthOf(end)).toFixed(1))
      parts.push(
        rectangle(NAME_WIDTH, y, Math.max(1, lengthOf(value)), colorOf(name)),
        `<path d="M${from} ${line}H${to}" class="spread"/>`,
        text(NAME_WIDTH + lengthOf(high) + 6, y + BAR_HEIGHT - 4, 'label', label),
      )
      y += BAR_HEIGHT
    }
    y += GROUP_GAP
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" role="img" aria-label="${escaped(title)}">\n${STYLE}\n${parts.join('\n')}\n</svg>\n`
}
