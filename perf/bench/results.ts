import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { dirname, join } from 'node:path'

/** Puts the sections of this run in place of the same ones of earlier runs, so that each can be run alone. */
export function writeResults(path: string, sections: ReadonlyMap<string, string>): void {
  const kept = existsSync(path)
    ? readSections(readFileSync(path, 'utf8'))
    : new Map<string, string>()
  const all = new Map([...kept, ...sections])
  const parts = [...all]
    .sort(([a], [b]) => sectionOrder.indexOf(a) - sectionOrder.indexOf(b))
    .map(([name, body]) => `<!-- section ${name} -->\n${body.trim()}\n<!-- end -->\n`)
  writeFileSync(path, [introduction, ...parts].join('\n'))
}

/** The sections in the order of the report. */
export const sectionOrder = [
  ...['inference', 'batching', 'tuning', 'formats', 'open-loop', 'overload', 'fairness'],
  ...[
    'downloads',
    'uploads',
    'resumable',
    'large-upload',
    'append',
    'account-figures',
    'metadata',
    'perf-log',
    'memory',
    'revocation',
    'crash',
  ],
]

/** Keeps an SVG in `plots/` beside the results. @returns the Markdown that shows it. */
export function writePlot(path: string, name: string, about: string, svg: string): string {
  const plots = join(dirname(path), 'plots')
  mkdirSync(plots, { recursive: true })
  writeFileSync(join(plots, `${name}.svg`), svg)
  return `![${about}](plots/${name}.svg)`
}

const introduction = `# Benchmark results

Written by \`npm run bench\`; each section says when and where it was run. Why it measures as it does:
\`notes/decisions/benchmarks.md\`.

How to read it: everything of one section ran in one run on one machine, in turns (interleaved), a figure is the
median of its rounds and a ratio the median of the rounds' ratios; so compare within a section, by the ratios, and not across machines or days. The load generator
shares the cores with what it loads. "Foreign" is the share of the machine that processes outside the benchmark used
meanwhile: above 5 % distrust the absolute figures, above 20 % the ratios too. A figure with \`!\` had failed requests.
`

function readSections(text: string): Map<string, string> {
  const pattern = /<!-- section ([\w-]+) -->\n([\s\S]*?)\n<!-- end -->/g
  return new Map([...text.matchAll(pattern)].map(([, name, body]) => [name!, body!]))
}

/** Machine, date and commit, for the head of a section. */
export function conditions(): string {
  const memoryGib = Math.round(totalmem() / 1024 ** 3)
  return (
    `${new Date().toISOString().slice(0, 16)}Z, commit ${commit()}, ${availableParallelism()} cores of ` +
    `${cpus()[0]?.model.trim() ?? 'an unknown processor'}, ${memoryGib} GiB, Node ${process.version}`
  )
}

function commit(): string {
  try {
    const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim()
    const dirty = git('status', '--porcelain', '--', 'webserver', 'nginx.conf', 'package.json')
    return `${git('rev-parse', '--short', 'HEAD')}${dirty === '' ? '' : ' with changes'}`
  } catch {
    return 'unknown'
  }
}
