import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Bench, Section } from './bench'
import { ProcessGroup } from './processes'
import { sectionOrder, writePlot, writeResults } from './results'
import { accountFigures } from './sections/account-figures'
import { append } from './sections/append'
import { batching, tuning } from './sections/batching'
import { crash } from './sections/crash'
import { downloads } from './sections/downloads'
import { fairness } from './sections/fairness'
import { formats } from './sections/formats'
import { inference } from './sections/inference'
import { largeUpload } from './sections/large-upload'
import { memory } from './sections/memory'
import { metadata } from './sections/metadata'
import { openLoop } from './sections/open-loop'
import { overload } from './sections/overload'
import { perfLog } from './sections/perf-log'
import { revocation } from './sections/revocation'
import { resumable } from './sections/resumable'
import { uploads } from './sections/uploads'
import { requireWrk } from './wrk'

const sections: Record<string, Section> = {
  ...{ inference, batching, tuning, formats },
  'open-loop': openLoop,
  ...{ overload, fairness },
  downloads,
  uploads,
  resumable,
  'large-upload': largeUpload,
  append,
  'account-figures': accountFigures,
  metadata,
  'perf-log': perfLog,
  memory,
  revocation,
  crash,
}

const withoutWrk = [
  'open-loop',
  'overload',
  'memory',
  'crash',
  'account-figures',
  'revocation',
  'resumable',
  'large-upload',
  'append',
]

const usage = `npm run bench -- [options] [section…]

Measures the built service against what the machine could do and against the obvious ways to build it, side by side in
one run, and writes perf/bench/results.md with plots beside it. All sections but crash when none is named:

  inference   requests a second and latency by model and clients, against the limit, Express and FastAPI
  batching    joining requests, on against off
  tuning      the measured batch size against fixed ones
  formats     JSON, binary tensors, npy and raw bodies
  open-loop   latency under random arrivals at 50, 80 and 95 % of capacity, against Express and FastAPI
  overload    goodput at three times the capacity
  fairness    what one account's flood does to others
  downloads   against nginx alone
  uploads     against bare loops that make files durable
  resumable   resumable uploads against PUT
  large-upload  what 10 GiB in one body take of memory
  append      small pieces for the end of files, held in memory against durable
  account-figures  what keeping an account's storage figures exact costs a small upload
  metadata    listing, looking and small uploads with up to a million files
  perf-log    what the perf log costs
  memory      with more and more workers
  revocation  how soon a right that was taken away is refused
  crash       what kill -9 under load loses

  --quick          one short round of a few cells: some two minutes, for a look, not for figures
  --rounds N       how often each figure is measured (kills, for crash; default 2; 200 for crash)
  --patience S     wait up to so many seconds in all for a quiet machine (default 30)
  --results FILE   where to write (default perf/bench/results.md)
  --help           this text

Exit codes: 0 measured; 1 something failed, or the crash section found a loss; 2 these options are wrong.
`

interface Options {
  names: string[]
  rounds: number | null
  patienceMs: number
  quick: boolean
  results: string
}

/** @returns null when help is asked for. @throws {TypeError} on an unknown option or section. */
function parseOptions(args: readonly string[]): Options | null {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      patience: { type: 'string', default: '30' },
      results: { type: 'string', default: 'perf/bench/results.md' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return null
  for (const name of positionals) if (!(name in sections)) throw new TypeError(`no section ${name}`)
  const rounds = values.rounds === undefined ? null : Number(values.rounds)
  if (rounds !== null && !(Number.isInteger(rounds) && rounds > 0))
    throw new TypeError('--rounds needs a whole number above 0')
  const patienceMs = Number(values.patience) * 1000
  if (!(patienceMs >= 0)) throw new TypeError('--patience needs a number of seconds')
  const names =
    positionals.length > 0 ? positionals : sectionOrder.filter((name) => name !== 'crash')
  return { names, rounds, patienceMs, quick: values.quick, results: values.results }
}

async function main(args: readonly string[]): Promise<number> {
  let options: Options | null
  try {
    options = parseOptions(args)
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}`)
    return 2
  }
  if (options !== null) return await measure(options)
  process.stdout.write(usage)
  return 0
}

async function measure(options: Options): Promise<number> {
  const processes = new ProcessGroup(options.patienceMs)
  const directory = mkdtempSync(join(tmpdir(), 'gristmill-bench-'))
  const leave = () => {
    processes.killAll()
    rmSync(directory, { recursive: true, force: true })
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      leave()
      process.exit(1)
    })
  try {
    if (options.names.some((name) => !withoutWrk.includes(name))) requireWrk()
    return await runSections(options, processes, directory)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? '') : String(error)}\n`)
    return 1
  } finally {
    leave()
  }
}

async function runSections(
  { names, rounds, quick, results }: Options,
  processes: ProcessGroup,
  directory: string,
): Promise<number> {
  const problems: string[] = []
  for (const name of names) {
    const bench: Bench = {
      ...{ processes, directory, problems, quick, seconds: 1 },
      rounds: rounds ?? (name === 'crash' ? 200 : quick ? 1 : 2),
      say: (line) => process.stdout.write(`${line}\n`),
      plot: (plotName, about, svg) => writePlot(results, plotName, about, svg),
    }
    const startedAt = performance.now()
    const report = await sections[name]!(bench)
    writeResults(results, new Map([[name, report]]))
    const elapsedS = (performance.now() - startedAt) / 1000
    process.stdout.write(`\n${report}\n${name} took ${elapsedS.toFixed(0)} s.\n\n`)
  }
  process.stdout.write(`Written to ${results}.\n`)
  for (const problem of problems) process.stderr.write(`${problem}\n`)
  return problems.length === 0 ? 0 : 1
}

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code
})
