import type { Test } from 'supertest'
import type { TestAccount } from '../test-service'

export const actors = ['anonymous', 'owner', 'stranger', 'admin'] as const
export type Actor = (typeof actors)[number]

/** Who owns what is asked for; fresh for every cell. */
export interface Scene {
  owner: TestAccount
  /** Of a file in the owner's trash. */
  trashedId: string
  /** A session of the owner's beside the one that may be asking. */
  otherSessionId: string
  call(method: string, path: string): Test
}

export interface Row {
  route: string
  /** What each actor is answered, in the order of `actors`. */
  answers: [number, number, number, number]
  ask(scene: Scene): Test
}
