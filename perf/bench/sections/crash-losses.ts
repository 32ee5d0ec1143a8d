import { setTimeout as delay } from 'node:timers/promises'
import { Client, filePath } from '../../../webserver/demo/client'
import type { Service } from '../service'
import { sha256Of, type Ledger, type State } from './crash-ledger'
import { ask } from './crash-requests'

export interface Losses {
  lost: number
  corrupt: number
}

const checksAtOnce = 8
const attemptsMax = 20
const pauseMs = 100

/** Reads back every path that anything was acknowledged of, and logs in to every acknowledged account. */
export async function findLosses(
  service: Service,
  { files, accounts }: Pick<Ledger, 'files' | 'accounts'>,
): Promise<Losses> {
  const losses = { lost: 0, corrupt: 0 }
  await each([...files], async ([path, allowed]) => {
    const state = await stateOf(service, path)
    if (allowed.has(state)) return
    if (state === null) losses.lost++
    else losses.corrupt++
  })
  await each([...accounts], async ([name, password]) => {
    const known = await new Client(service.url).logIn({ name, password }).then(
      () => true,
      () => false,
    )
    if (!known) losses.lost++
  })
  return losses
}

/** The service is back and alone: an answer must come. */
async function stateOf(service: Service, path: string): Promise<State> {
  for (let attempt = 1; ; attempt++) {
    const answer = await ask(service, 'GET', filePath(service.account, path)).catch(() => null)
    if (answer?.status === 200) return sha256Of(answer.body)
    if (answer?.status === 404) return null
    if (attempt === attemptsMax)
      throw new Error(`${path} is answered ${answer?.status ?? 'nothing'}`)
    await delay(pauseMs)
  }
}

async function each<T>(items: readonly T[], check: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items]
  const lane = async () => {
    for (let item = queue.pop(); item !== undefined; item = queue.pop()) await check(item)
  }
  await Promise.all(Array.from({ length: checksAtOnce }, lane))
}
