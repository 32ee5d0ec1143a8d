import { aliases } from './command-line'
import { listSettings, type SettingInfo } from './settings-list'

const introduction = `Gristmill keeps files and runs ONNX models on them, behind nginx.

Usage: npm start -- [flags]

Examples:
  npm start                                   on http://127.0.0.1:8080, data in ./data
  npm start -- --port 9000 --data /srv/mill   elsewhere
  npm start -- --no-nginx                     without nginx, for development
  npm start -- --workers 4 --engines 4        for a larger machine
  npm start -- --perf-tag "before the change" a label for this run's timings

Then, from another shell:
  npm run demo -- your words here             upload a picture, read the words in it
  npm run perf -- summary                     where the time went

Every setting can be a flag, a variable of the environment or an entry of cluster.config.ts, in this order of
precedence. Switches take --name or --no-name. SIGTERM or Ctrl-C stops in order, SIGHUP replaces processes one by one.
Exit status: 0 stopped as asked, 1 could not start or go on, 2 a wrong flag or setting.
`

/** What `npm start -- --help` prints. */
export function helpText(): string {
  const short = Object.entries(aliases).map(([alias, flag]) => `  ${alias.padEnd(12)} ${flag}`)
  const sections = new Map<string, string[]>()
  for (const setting of listSettings()) {
    sections.set(setting.section, [...(sections.get(setting.section) ?? []), line(setting)])
  }
  const pages = [...sections].map(([name, lines]) => `${name}\n${lines.join('')}`)
  return `${introduction}\nShort forms:\n${short.join('\n')}\n\nSettings:\n\n${pages.join('\n')}`
}

function line({ flag, unit, preset, description }: SettingInfo): string {
  const value = preset === '' ? 'empty' : preset
  return `  ${flag}  (${unit}; default ${value})\n      ${description}\n`
}

/** The page `notes/configuration.md`. */
export function configurationPage(): string {
  const rows = listSettings().map(
    ({ path, flag, variable, unit, preset, description }) =>
      `| \`${path}\` | ${description} | ${unit} | ${preset === '' ? 'empty' : preset} | \`${flag}\` | \`${variable}\` |`,
  )
  return `# Configuration

Generated from \`webserver/config/\` by \`npm run docs\`; do not edit. A setting is looked for on the command line, then in the
environment, then in \`cluster.config.ts\`; an unknown name anywhere ends the start with exit status 2.

| setting | what it does | unit | default | flag | variable |
|---|---|---|---|---|---|
${rows.join('\n')}
`
}
