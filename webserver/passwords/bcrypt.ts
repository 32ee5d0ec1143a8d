import { hash, verify } from '@node-rs/bcrypt'
import { AppError } from '../domain/errors'
import type { PasswordAlgorithm } from './algorithm'

const passwordBytesMax = 72
const acceptedCostMax = 16
const form = /^\$2[aby]\$(\d{2})\$[./A-Za-z0-9]{53}$/

/** bcrypt in its own modular crypt form, `$2b$12$…`, which is older than PHC strings. */
export class Bcrypt implements PasswordAlgorithm {
  constructor(private readonly cost: number) {}

  async hash(password: string): Promise<string> {
    if (!isWhole(password))
      throw new AppError(
        'invalid',
        `password must have at most ${passwordBytesMax} bytes in UTF-8 and no NUL`,
        { field: 'password' },
      )
    return hash(password, this.cost)
  }

  accepts(stored: string): boolean {
    const cost = costOf(stored)
    return cost !== null && cost >= 4 && cost <= Math.max(acceptedCostMax, this.cost)
  }

  /** What bcrypt would cut or repeat is compared as well, at the usual cost, but is never right. */
  async verify(password: string, stored: string): Promise<boolean> {
    const matches = await verify(password, stored)
    return matches && isWhole(password)
  }

  isStrongEnough(stored: string): boolean {
    const cost = costOf(stored)
    return cost !== null && cost >= this.cost
  }
}

/** bcrypt reads 72 bytes and no more, and repeats its key after a NUL: "a" and "a\0a" would be one password. */
function isWhole(password: string): boolean {
  return Buffer.byteLength(password) <= passwordBytesMax && !password.includes('\0')
}

function costOf(stored: string): number | null {
  const match = form.exec(stored)
  return match === null ? null : Number(match[1])
}
