import { hash, verify } from '@node-rs/argon2'
import type { PasswordAlgorithm } from './algorithm'

export interface Argon2idCost {
  memoryKib: number
  passes: number
}

const form =
  /^\$argon2id\$v=19\$m=(\d{1,8}),t=(\d{1,3}),p=(\d)\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}$/

const acceptedMemoryKibMax = 256 * 1024
const acceptedPassesMax = 16
const acceptedLanesMax = 4

/** RFC 9106, as PHC strings: `$argon2id$v=19$m=…,t=…,p=1$salt$hash`. */
export class Argon2id implements PasswordAlgorithm {
  constructor(private readonly cost: Argon2idCost) {}

  hash(password: string): Promise<string> {
    // The library's default function and version are argon2id and 19.
    return hash(password, {
      memoryCost: this.cost.memoryKib,
      timeCost: this.cost.passes,
      parallelism: 1,
    })
  }

  accepts(stored: string): boolean {
    const cost = costOf(stored)
    return (
      cost !== null &&
      cost.lanes <= acceptedLanesMax &&
      cost.memoryKib <= Math.max(acceptedMemoryKibMax, this.cost.memoryKib) &&
      cost.passes <= Math.max(acceptedPassesMax, this.cost.passes)
    )
  }

  verify(password: string, stored: string): Promise<boolean> {
    return verify(stored, password)
  }

  isStrongEnough(stored: string): boolean {
    const cost = costOf(stored)
    return cost !== null && cost.memoryKib >= this.cost.memoryKib && cost.passes >= this.cost.passes
  }
}

function costOf(stored: string): (Argon2idCost & { lanes: number }) | null {
  const match = form.exec(stored)
  if (match === null) return null
  const [memoryKib, passes, lanes] = match.slice(1).map(Number) as [number, number, number]
  return memoryKib < 8 * lanes || passes < 1 || lanes < 1 ? null : { memoryKib, passes, lanes }
}
