import pino, { type Logger } from 'pino'

export type { Logger }

/**
 * Messages for people who run the service, one JSON object a line on stderr, written synchronously so that none is lost
 * at a crash. Never put a token, a password, a body or a file's name into a message.
 */
export function createLogger(level: string, role: string, slot: number): Logger {
  return pino(
    { level, base: { role, slot, pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: true }),
  )
}
