import { RequestIds } from './request-id'
import type { Perf, RequestTiming } from './timing'

/** A request has its id whether or not it is timed: answers and messages name it. */
class UntimedRequest implements RequestTiming {
  readonly startedAt = 0
  constructor(readonly requestId: string) {}
  now(): number {
    return 0
  }
  end(): number {
    return 0
  }
  finish(): void {}
}

/** The perf log that is off: no file, no timer, no clock. */
export class NoPerf implements Perf {
  readonly level = 'off'

  constructor(private readonly ids = new RequestIds()) {}

  now(): number {
    return 0
  }
  begin(requestId?: string): RequestTiming {
    return new UntimedRequest(this.ids.of(requestId))
  }
  call(): void {}
  gauge(): void {}
  close(): void {}
}
