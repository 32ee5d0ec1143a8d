const kept = /^[A-Za-z0-9._-]{1,64}$/

/** Ids `<pid>-<count>` in base 36, unique within a run; an id from outside is kept when it can do no harm in a log. */
export class RequestIds {
  private readonly prefix = process.pid.toString(36) + '-'
  private count = 0

  of(outside: string | undefined): string {
    if (outside !== undefined && kept.test(outside)) return outside
    return this.prefix + (++this.count).toString(36)
  }
}
