const secretName = /(secret|password|passphrase|token|credentials?|apikey|privatekey|accesskey)$/i
const secretArgument = /^--?[\w.-]*(secret|password|passphrase|token|credentials?|key)$/i
const userInfo = /^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i
const removed = '[redacted]'

/** A copy of settings without secrets: texts under a name that says so, and the user part of URLs. */
export function redactSettings(value: unknown, name = ''): unknown {
  if (typeof value === 'string') {
    return secretName.test(name) && value !== '' ? removed : withoutUserInfo(value)
  }
  if (Array.isArray(value)) return value.map((item) => redactSettings(item, name))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, item]) => [key, redactSettings(item, key)])
  return Object.fromEntries(entries) as unknown
}

/** A copy of a command line likewise: `--mail.password=x` and `--mail.password x`. */
export function redactArguments(argv: readonly string[]): string[] {
  return argv.map((argument, i) => {
    const [name, value] = splitOnce(argument)
    if (value !== undefined) {
      return secretArgument.test(name) ? `${name}=${removed}` : `${name}=${withoutUserInfo(value)}`
    }
    const isValue = !argument.startsWith('-') && secretArgument.test(argv[i - 1] ?? '')
    return isValue ? removed : withoutUserInfo(argument)
  })
}

function splitOnce(argument: string): [string, string | undefined] {
  const at = argument.indexOf('=')
  return at < 0 ? [argument, undefined] : [argument.slice(0, at), argument.slice(at + 1)]
}

function withoutUserInfo(text: string): string {
  return text.replace(userInfo, `$1${removed}@`)
}
