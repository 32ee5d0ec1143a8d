import { median, table } from '../statistics'
import type { Ledger, Losses } from './crash-load'
import type { Orphans } from './crash-orphans'

export const victims = ['worker', 'writer', 'engine', 'primary', 'all'] as const
export type Victim = (typeof victims)[number]

export interface Round {
  victim: Victim
  ledger: Ledger
  losses: Losses
  /** From the kill until `/readyz` says ready. */
  recoveryMs: number
}

export function describeCrash(report: {
  conditions: string
  rounds: readonly Round[]
  orphansBefore: Orphans
  orphans: Orphans
}): string {
  const { conditions, rounds, orphansBefore, orphans } = report
  const count = ({ drafts, blobs, missing }: Orphans) => [drafts, blobs, missing].map(String)
  return `## Crashes: ${rounds.length} rounds of kill -9 under mixed load

${conditions}.

Four loops upload, two make accounts, two run a model; then one process, or all, gets SIGKILL. Afterwards every
acknowledged upload is read back and compared, and every acknowledged account logged in to. *Failed* are requests without
a good answer, which is allowed. *Ready* is the time from the kill until \`/readyz\` says so; after the primary's death that
includes the next start.

${table(
  [
    ...[
      'victim',
      'rounds',
      'uploads',
      'accounts',
      'inferences',
      'failed',
      '**lost**',
      '**corrupt**',
    ],
    ...['wrong inferences', 'ready ms (median, most)'],
  ],
  victims
    .filter((victim) => rounds.some((round) => round.victim === victim))
    .map((victim) =>
      rowOf(
        victim,
        rounds.filter((round) => round.victim === victim),
      ),
    ),
)}

What no file refers to, before and after an orderly restart with a sweep each second:

${table(
  ['', 'drafts', 'blobs without a file', 'files without their blob'],
  [
    ['after the last round', ...count(orphansBefore)],
    ['after the restart', ...count(orphans)],
  ],
)}
`
}

function rowOf(victim: string, rounds: readonly Round[]): string[] {
  const sum = (of: (round: Round) => number) =>
    String(rounds.reduce((total, round) => total + of(round), 0))
  const recoveries = rounds.map(({ recoveryMs }) => recoveryMs)
  return [
    victim,
    String(rounds.length),
    sum(({ ledger }) => ledger.files.size),
    sum(({ ledger }) => ledger.accounts.size),
    sum(({ ledger }) => ledger.inferences),
    sum(({ ledger }) => ledger.failed),
    sum(({ losses }) => losses.lostFiles + losses.lostAccounts),
    sum(({ losses }) => losses.corruptFiles),
    sum(({ ledger }) => ledger.wrongInferences),
    `${median(recoveries).toFixed(0)}, ${Math.max(...recoveries).toFixed(0)}`,
  ]
}
