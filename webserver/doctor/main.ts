import { UsageError } from '../config/command-line'
import { examine } from './examine'
import { Findings, type Finding } from './finding'
import { parseOptions, usage } from './options'
import { Progress } from './progress'

async function main(argv: readonly string[]): Promise<number> {
  const progress = new Progress(process.stderr)
  try {
    const options = parseOptions(argv)
    if (options === null) {
      process.stdout.write(usage)
      return 0
    }
    const findings = new Findings((finding) => {
      progress.clear()
      if (!options.json) process.stdout.write(lineOf(finding))
    })
    await examine(options, findings, progress)
    progress.clear()
    if (options.json) process.stdout.write(`${JSON.stringify(findings.all, null, 2)}\n`)
    return findings.hasProblems ? 1 : 0
  } catch (error) {
    progress.clear()
    const message = error instanceof Error ? error.message : String(error)
    process.stderr.write(`doctor: ${message}\n`)
    if (error instanceof UsageError) process.stderr.write('npm run doctor -- --help teaches it.\n')
    return 2
  }
}

function lineOf({ level, check, message, advice }: Finding): string {
  const [first, ...more] = message.split('\n')
  const lines = [`${level.padEnd(8)} ${check.padEnd(14)} ${first}`]
  for (const line of more) lines.push(`${' '.repeat(24)}${line}`)
  if (advice !== undefined) lines.push(`${' '.repeat(24)}→ ${advice}`)
  return `${lines.join('\n')}\n`
}

// Whoever reads may stop reading, as `head` does.
process.stdout.once('error', () => process.exit())

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code
})
