import { median, table } from '../statistics'
import type { Books } from './crash-books'
import type { Killed } from './crash-kill'
import type { Ledger, Tally } from './crash-ledger'
import type { Losses } from './crash-losses'
import { everyPoint, nameOf, type Victim } from './crash-points'

export interface Round {
  victim: Victim
  killed: Killed
  ledger: Ledger
  losses: Losses
  books: Books
  /** From the kill until the load has gone on for a while. */
  readyMs: number
}

interface Report {
  conditions: string
  rounds: readonly Round[]
  before: Books
  swept: Books
  inTheEnd: Losses
  unreached: readonly string[]
}

export function describeCrash(report: Report): string {
  const { conditions, rounds, before, swept, inTheEnd } = report
  return `## Crashes: ${rounds.length} kills by SIGKILL under mixed load

${conditions}.

Loops create, replace, append to, move, delete, bring back, revert and let go files, send resumable uploads piece by piece, make accounts and run a model. Then a process dies:
at a step that it was told to die at (webserver/platform/fault-points.ts), or at any moment, or all at once. Others take its place, the load goes on and stops, and
every path that anything was acknowledged of is read back and its SHA-256 compared; each account logs in; a copy of the database is held against the disk and against itself. *Failed* are requests
without a good answer, which is allowed.

${table(
  [
    'died',
    'kills',
    'acknowledged',
    'failed',
    '**lost**',
    '**corrupt**',
    '**quota drift, bytes**',
    '**refs drift**',
    '**contents missing**',
    'offsets lost',
    'ready ms (median, most)',
  ],
  groupsOf(rounds).map(([name, group]) => rowOf(name, group)),
)}

What was asked for in all rounds together: ${talliesOf(rounds)}.

After the last round, and after the sweeps that came by themselves:

${table(
  ['', 'drafts', 'blobs without a file', 'contents missing', 'quota drift, bytes', 'refs drift'],
  [
    ['after the last round', ...bookRow(before)],
    ['after the sweeps', ...bookRow(swept)],
  ],
)}

Everything of all rounds read back once more: ${inTheEnd.lost} lost, ${inTheEnd.corrupt} corrupt.

${stepsOf(report)}
`
}

function groupsOf(rounds: readonly Round[]): [string, Round[]][] {
  const groups = new Map<string, Round[]>()
  for (const round of rounds) {
    const name = groupOf(round.victim)
    groups.set(name, [...(groups.get(name) ?? []), round])
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1))
}

function groupOf(victim: Victim): string {
  if ('role' in victim) return `any moment: ${victim.role}`
  const { point, about } = victim.point
  if (about !== undefined) return `writer, ${point.replace('writer:', 'before it does: ')}`
  if (/^(draft|directories|store)\./.test(point)) return 'worker, at the disk'
  return point.endsWith(':before') ? 'worker, before a command' : 'worker, after a command'
}

function rowOf(name: string, rounds: readonly Round[]): string[] {
  const sum = (of: (round: Round) => number) =>
    String(rounds.reduce((total, round) => total + of(round), 0))
  const readyMs = rounds.map((round) => round.readyMs)
  return [
    name,
    String(rounds.length),
    sum(({ ledger }) => ledger.total.acknowledged),
    sum(({ ledger }) => ledger.total.failed),
    sum(({ losses }) => losses.lost),
    sum(({ losses }) => losses.corrupt),
    sum(({ books }) => books.quotaDriftBytes),
    sum(({ books }) => books.refsDrift),
    sum(({ books }) => books.missing),
    sum(({ ledger }) => ledger.lostOffsets),
    `${median(readyMs).toFixed(0)}, ${Math.max(...readyMs).toFixed(0)}`,
  ]
}

function bookRow({ drafts, orphanBlobs, missing, quotaDriftBytes, refsDrift }: Books): string[] {
  return [drafts, orphanBlobs, missing, quotaDriftBytes, refsDrift].map(String)
}

function talliesOf(rounds: readonly Round[]): string {
  const all = new Map<string, Tally>()
  for (const [kind, tally] of rounds.flatMap(({ ledger }) => [...ledger.tallies])) {
    const { acknowledged, failed } = all.get(kind) ?? { acknowledged: 0, failed: 0 }
    all.set(kind, {
      acknowledged: acknowledged + tally.acknowledged,
      failed: failed + tally.failed,
    })
  }
  return [...all]
    .map(([kind, { acknowledged, failed }]) => `${kind} ${acknowledged} (${failed} failed)`)
    .join(', ')
}

/** Which steps a process died at, and which no process came by. */
function stepsOf({ rounds, unreached }: Report): string {
  const died = new Map<string, number>()
  for (const { victim } of rounds)
    if ('point' in victim) died.set(nameOf(victim.point), (died.get(nameOf(victim.point)) ?? 0) + 1)
  const all = everyPoint().map(nameOf)
  const times = [...died].map(([name, count]) => (count === 1 ? name : `${name} ×${count}`))
  return `Steps that a process died at (${died.size} of ${all.length}): ${times.join(', ') || 'none'}.
Steps that no process came by within some seconds: ${unreached.join(', ') || 'none'}.`
}
