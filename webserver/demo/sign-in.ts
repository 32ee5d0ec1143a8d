import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ServiceError, type Client } from './client'

interface Credentials {
  name: string
  password: string
}

/**
 * Signs in with the demo's own account, which it keeps in `demo-account.json` (mode 0600) of the data directory, and makes
 * that account when there is none yet: with the one-time token of a new data directory, else by open registration.
 * @returns the account's name.
 * @throws {ServiceError} also when the account cannot be made, with what to do about it.
 */
export async function signIn(client: Client, dataDirectory: string): Promise<string> {
  const credentials = readCredentials(dataDirectory)
  if (credentials !== null && (await knows(client, credentials))) return credentials.name
  return await register(client, dataDirectory)
}

async function knows(client: Client, credentials: Credentials): Promise<boolean> {
  try {
    await client.logIn(credentials)
    return true
  } catch (error) {
    // The account of an earlier data directory, or one that has been deleted since.
    if (error instanceof ServiceError && error.status === 401) return false
    throw error
  }
}

/** The credentials are written before the account exists, so that a crash between the two locks nobody out. */
async function register(client: Client, dataDirectory: string): Promise<string> {
  const credentials = {
    name: `demo-${randomBytes(4).toString('hex')}`,
    password: randomBytes(18).toString('base64url'),
  }
  const token = readFirstAccountToken(dataDirectory)
  writeCredentials(dataDirectory, credentials)
  try {
    await client.createAccount({ ...credentials, ...(token === null ? {} : { token }) })
  } catch (error) {
    throw explain(error, dataDirectory)
  }
  await client.logIn(credentials)
  return credentials.name
}

function explain(error: unknown, dataDirectory: string): unknown {
  if (!(error instanceof ServiceError) || ![401, 403].includes(error.status)) return error
  return new ServiceError(
    `${error.message}\nThe service lets nobody register, and ${dataDirectory} holds neither an unused ` +
      'first-account token nor an account of the demo. Give the directory of the running service with --data, ' +
      'or start it with `npm start -- --accounts-registration open`.',
    error.status,
  )
}

function credentialsFile(dataDirectory: string): string {
  return join(dataDirectory, 'demo-account.json')
}

function readCredentials(dataDirectory: string): Credentials | null {
  const file = credentialsFile(dataDirectory)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Credentials) : null
}

function writeCredentials(dataDirectory: string, credentials: Credentials): void {
  writeFileSync(credentialsFile(dataDirectory), `${JSON.stringify(credentials)}\n`, { mode: 0o600 })
}

function readFirstAccountToken(dataDirectory: string): string | null {
  const file = join(dataDirectory, 'first-account-token')
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : null
}
