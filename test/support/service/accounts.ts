import type { Service } from './start-service'

const password = 'correct horse battery'

/** Makes the first account and signs in. @returns headers with its session. */
export async function signIn(service: Service): Promise<{ authorization: string }> {
  const token = service.firstAccountToken()
  await post(service, '/v1/accounts', { name: 'root', password, token })
  return signInAgain(service)
}

/** One more session of the first account. */
export async function signInAgain(service: Service): Promise<{ authorization: string }> {
  const session = await post(service, '/v1/sessions', { name: 'root', password })
  return { authorization: `Bearer ${session['token'] as string}` }
}

async function post(service: Service, path: string, body: object) {
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(service.url + path, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  })
  const text = await answer.text()
  if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${text}`)
  return JSON.parse(text) as Record<string, unknown>
}
