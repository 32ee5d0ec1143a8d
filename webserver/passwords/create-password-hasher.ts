import type { Config } from '../config/schema'
import { AppError } from '../domain/errors'
import type { PasswordHasher } from '../domain/password-hasher'
import { noTiming, type Timing } from '../domain/timing'
import { QueueFullError, type Semaphore } from '../platform/semaphore'
import type { PasswordAlgorithm } from './algorithm'
import { Argon2id } from './argon2id'
import { Bcrypt } from './bcrypt'
import { Scrypt } from './scrypt'

/** Makes hashes of the configured function and verifies those of every function, in turns of the semaphore. */
export function createPasswordHasher(
  settings: Config['passwords'],
  semaphore: Semaphore,
): PasswordHasher {
  const algorithms = {
    argon2id: new Argon2id({
      memoryKib: settings.argon2MemoryKib,
      passes: settings.argon2Passes,
    }),
    scrypt: new Scrypt(settings.scryptCostLog2),
    bcrypt: new Bcrypt(settings.bcryptCost),
  }
  const known = Object.values(algorithms)
  return new QueuedPasswordHasher(algorithms[settings.algorithm], known, semaphore)
}

/** Hashing shares libuv's threads with the file system, so only a few may run and only some may wait. */
class QueuedPasswordHasher implements PasswordHasher {
  constructor(
    private readonly preferred: PasswordAlgorithm,
    private readonly known: readonly PasswordAlgorithm[],
    private readonly semaphore: Semaphore,
  ) {}

  hash(password: string, timing: Timing = noTiming): Promise<string> {
    return this.inTurn(() => this.preferred.hash(password), timing)
  }

  async verify(password: string, phc: string, timing: Timing = noTiming): Promise<boolean> {
    const algorithm = this.known.find((one) => one.accepts(phc))
    return algorithm !== undefined && this.inTurn(() => algorithm.verify(password, phc), timing)
  }

  needsRehash(phc: string): boolean {
    return !this.preferred.accepts(phc) || !this.preferred.isStrongEnough(phc)
  }

  private async inTurn<T>(work: () => Promise<T>, timing: Timing): Promise<T> {
    const waitingSince = timing.now()
    try {
      return await this.semaphore.run(() => {
        timing.end('queue', waitingSince)
        return timed(work, timing)
      })
    } catch (error) {
      if (!(error instanceof QueueFullError)) throw error
      throw new AppError('unavailable', 'Too many passwords are being checked', {
        retryAfterS: 1,
        cause: error,
      })
    }
  }
}

async function timed<T>(work: () => Promise<T>, timing: Timing): Promise<T> {
  const startedAt = timing.now()
  const result = await work()
  timing.end('password', startedAt)
  return result
}
