import type { Started } from './service'

/** What `npm start` ends with: where everything is and what to do first. */
export function startBlock({ url, paths, run, firstAccountToken }: Started): string {
  const rows: [string, string][] = [
    ['address', url],
    ['data', paths.data],
    run === null
      ? ['perf log', 'off']
      : ['perf log', `run ${run.number}, ${run.directory}/<pid>.log`],
    ['API', `${url}/openapi.json`],
  ]
  const table = rows.map(([name, value]) => `  ${name.padEnd(9)} ${value}`).join('\n')
  return `\nGristmill is ready.\n${table}\n${firstAccount(url, paths.firstAccountToken, firstAccountToken)}\n`
}

function firstAccount(url: string, path: string, token: string | null): string {
  if (token === null) return ''
  const body = JSON.stringify({ name: 'ada', password: 'choose a long one', token })
  return `
Make the first account, the administrator's, with the one-time token below (also in ${path}):
  curl ${url}/v1/accounts -H 'Content-Type: application/json' -d '${body}'
`
}
