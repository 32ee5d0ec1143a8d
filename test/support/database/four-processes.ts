import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Viewer } from '../../../webserver/domain/account'
import type { FileCommit } from '../../../webserver/domain/database'
import type { ScratchDatabase } from './scratch-database'

const script = join(__dirname, 'committer.js')

/** Runs four lists of commits in four processes at the same time. @returns how each ended: `created`, `replaced` or the code. */
export async function commitInFourProcesses(
  { config }: ScratchDatabase,
  viewer: Viewer,
  commitsOf: (process: number) => FileCommit[],
): Promise<string[]> {
  const children = [0, 1, 2, 3].map(() => fork(script))
  try {
    await Promise.all(children.map((child) => ask(child, config)))
    const ends = await Promise.all(
      children.map((child, index) => ask(child, { viewer, commits: commitsOf(index) })),
    )
    return ends.flat() as string[]
  } finally {
    for (const child of children) child.kill()
  }
}

async function ask(child: ChildProcess, message: object): Promise<unknown> {
  const answer = once(child, 'message') as Promise<[unknown]>
  child.send(message)
  return (await answer)[0]
}
