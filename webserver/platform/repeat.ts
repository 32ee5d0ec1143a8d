export interface Repetition {
  /** No run begins after this; resolves when the one in progress has ended. */
  stop(): Promise<void>
}

/** Runs the work again `intervalMs` after it ended, never twice at once. What it throws goes to `onError`. */
export function repeat(
  intervalMs: number,
  work: () => Promise<void>,
  onError: (error: unknown) => void,
): Repetition {
  let stopped = false
  let current = Promise.resolve()
  let timer = setTimeout(run, intervalMs)
  function run() {
    current = work()
      .catch(onError)
      .then(() => {
        if (!stopped) timer = setTimeout(run, intervalMs)
      })
  }
  return {
    async stop() {
      stopped = true
      clearTimeout(timer)
      await current
    },
  }
}
