export type Level = 'ok' | 'warn' | 'fail' | 'repaired'

export interface Finding {
  /** What was looked at, in a word or two. */
  check: string
  level: Level
  message: string
  /** What to do about it. */
  advice?: string
}

/** Gathers findings; what is listed for one of them is cut, and says so. */
export class Findings {
  readonly all: Finding[] = []

  constructor(private readonly onFinding: (finding: Finding) => void) {}

  add(level: Level, check: string, message: string, advice?: string): void {
    const finding = { check, level, message, ...(advice === undefined ? {} : { advice }) }
    this.all.push(finding)
    this.onFinding(finding)
  }

  /** Fine when there is nothing in the list; otherwise a finding with the beginning of it. */
  list({ level, check, fine, wrong, advice }: ListFinding, lines: readonly string[]): void {
    if (lines.length === 0) this.add('ok', check, fine)
    else
      this.add(level, check, [`${lines.length} ${wrong}`, ...shortened(lines)].join('\n'), advice)
  }

  get hasProblems(): boolean {
    return this.all.some(({ level }) => level === 'fail')
  }
}

export interface ListFinding {
  level: Level
  check: string
  fine: string
  /** What the things in the list are; follows their number. */
  wrong: string
  advice: string
}

const linesMax = 20

function shortened(lines: readonly string[]): string[] {
  if (lines.length <= linesMax) return [...lines]
  return [...lines.slice(0, linesMax), `and ${lines.length - linesMax} more`]
}
