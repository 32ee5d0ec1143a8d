/** A model version by its name and number. */
export interface ModelVersion {
  name: string
  version: string
}

/** What native code does to itself. SIGKILL is not among them: it comes from outside, and under load would hit any model. */
const crashes: readonly (NodeJS.Signals | null)[] = [
  'SIGALRM',
  'SIGSEGV',
  'SIGABRT',
  'SIGBUS',
  'SIGFPE',
  'SIGILL',
]

/**
 * Reads what an engine's watchdog writes on its pipe: a dot is a beat, a line says which model runs (`run <name>
 * <version>`) or that none does (`idle`), as it stands every 20 ms.
 */
export class LifeSigns {
  private rest = ''
  private running: ModelVersion | null = null

  hear(chunk: Buffer): void {
    const lines = (this.rest + chunk.toString('latin1')).split('\n')
    this.rest = withoutBeats(lines.pop()!)
    for (const line of lines) this.understand(withoutBeats(line))
  }

  /** The model whose run ended the process; null when it was none or nobody can tell. */
  blamed(signal: NodeJS.Signals | null): ModelVersion | null {
    return crashes.includes(signal) ? this.running : null
  }

  private understand(line: string): void {
    const [word, name, version] = line.split(' ')
    this.running = word === 'run' && name && version ? { name, version } : null
  }
}

function withoutBeats(text: string): string {
  return text.replace(/^\.+/, '')
}
