import { setTimeout as sleep } from 'node:timers/promises'

const pollMs = 20
const patienceMs = 45_000

/** Asks again until the answer is neither false nor null nor undefined. @param what names the condition when it never comes. */
export async function waitUntil<T>(
  what: string,
  ask: () => T | Promise<T>,
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = performance.now() + patienceMs
  for (;;) {
    const answer = await ask()
    if (answer !== false && answer !== null && answer !== undefined)
      return answer as Exclude<T, false | null | undefined>
    if (performance.now() > deadline) throw new Error(`waited in vain until ${what}`)
    await sleep(pollMs)
  }
}
