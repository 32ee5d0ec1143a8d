import { createHash } from 'node:crypto'
import type { Answer } from './crash-requests'

/** SHA-256 (hex) of what a path holds; null when there is no file. */
export type State = string | null

/** What was acknowledged. */
export interface Tally {
  acknowledged: number
  /** Without a good answer, which is allowed while something is dead: they may have happened or not. */
  failed: number
}

/** What the service acknowledged, and so must still have. */
export class Ledger {
  /** By path below the owner: the states that it may be in. More than one where an answer is missing. */
  readonly files = new Map<string, Set<State>>()
  /** Password by name. */
  readonly accounts = new Map<string, string>()
  readonly tallies = new Map<string, Tally>()
  inferences = 0
  wrongInferences = 0
  /** Resumable uploads that had fewer bytes afterwards than were acknowledged. */
  lostOffsets = 0

  /** Whether it is known what the path holds. Others are left alone, so that what comes late cannot mislead. */
  isCertain(path: string): boolean {
    return this.files.get(path)?.size === 1
  }

  stateOf(path: string): State {
    const [state = null] = this.files.get(path) ?? []
    return state
  }

  /** Paths that hold a file, or that hold none any more, for certain. */
  pathsWith(isFile: boolean): string[] {
    return [...this.files.keys()].filter(
      (path) => this.isCertain(path) && (this.stateOf(path) !== null) === isFile,
    )
  }

  /** Sends a request that brings a path into a state, and keeps account of what is known then. @returns a good answer. */
  async change(
    kind: string,
    { path, to }: { path: string; to: State },
    send: () => Promise<Answer>,
  ): Promise<Answer | null> {
    const before = this.files.get(path) ?? new Set<State>([null])
    this.files.set(path, new Set([...before, to]))
    const answer = await this.count(kind, send)
    if (answer !== null) this.files.set(path, new Set([to]))
    return answer
  }

  /** A request that changes another path as well: to be sent within the `change` of the first. */
  async follow(
    { path, to }: { path: string; to: State },
    send: () => Promise<Answer>,
  ): Promise<Answer> {
    this.files.set(path, new Set([...(this.files.get(path) ?? [null]), to]))
    const answer = await send()
    if (isGood(answer)) this.files.set(path, new Set([to]))
    return answer
  }

  /** Counts a request. @returns its answer when it is a good one. */
  async count(kind: string, send: () => Promise<Answer>): Promise<Answer | null> {
    const tally = this.tallies.get(kind) ?? { acknowledged: 0, failed: 0 }
    this.tallies.set(kind, tally)
    const answer = await send().catch(() => null)
    if (answer !== null && isGood(answer)) {
      tally.acknowledged++
      return answer
    }
    tally.failed++
    return null
  }

  /** What another ledger knows of other paths and accounts. */
  take({ files, accounts }: Ledger): void {
    for (const [path, states] of files) this.files.set(path, states)
    for (const [name, password] of accounts) this.accounts.set(name, password)
  }

  /** Of all kinds of requests. */
  get total(): Tally {
    const tallies = [...this.tallies.values()]
    return {
      acknowledged: tallies.reduce((sum, { acknowledged }) => sum + acknowledged, 0),
      failed: tallies.reduce((sum, { failed }) => sum + failed, 0),
    }
  }
}

function isGood({ status }: Answer): boolean {
  return status >= 200 && status < 300
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
