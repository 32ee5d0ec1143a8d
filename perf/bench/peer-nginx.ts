import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { end, waitUntil, type ProcessGroup } from './processes'

/** What plain nginx serves for the comparison: servers on sockets behind it, or files of a directory. */
export interface PeerNginx {
  /** Base URL by upstream name; `files` for the directory. */
  urls: Record<string, string>
  stop(): Promise<void>
}

interface PeerNginxArgs {
  directory: string
  /** Socket paths by the name of the upstream. */
  upstreams: Record<string, readonly string[]>
  filesDirectory?: string
  /** As many as the service's nginx has. */
  workerProcesses: number
}

/** Starts nginx without the service: same binary, same proxy settings, nothing that asks for a token. */
export async function startPeerNginx(
  processes: ProcessGroup,
  { directory, upstreams, filesDirectory, workerProcesses }: PeerNginxArgs,
): Promise<PeerNginx> {
  mkdirSync(directory, { recursive: true })
  const names = [...Object.keys(upstreams), ...(filesDirectory === undefined ? [] : ['files'])]
  const ports = await freePorts(names.length)
  const servers = names.map((name, index) =>
    name === 'files'
      ? fileServer(ports[index]!, filesDirectory!)
      : proxyServer(ports[index]!, name, upstreams[name]!),
  )
  const config = join(directory, 'nginx.conf')
  writeFileSync(config, nginxConfig({ directory, servers, workerProcesses }))
  const child = processes.spawn('nginx', ['-p', directory, '-c', config, '-e', 'stderr'])
  const urls = Object.fromEntries(
    names.map((name, index) => [name, `http://127.0.0.1:${ports[index]}`]),
  )
  await waitUntil('nginx', () => answers(Object.values(urls)[0]!), 10_000)
  return { urls, stop: () => end(child, 'SIGQUIT') }
}

async function answers(url: string): Promise<boolean> {
  try {
    await (await fetch(url)).arrayBuffer()
    return true
  } catch {
    return false
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1')
      await once(server, 'listening')
      return server
    }),
  )
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}

function proxyServer(port: number, name: string, sockets: readonly string[]): string {
  return `
  upstream ${name} {
    least_conn;
    ${sockets.map((socket) => `server unix:${socket};`).join('\n    ')}
    keepalive 64;
  }
  server {
    listen 127.0.0.1:${port} backlog=1024;
    location / {
      proxy_pass http://${name};
    }
  }`
}

function fileServer(port: number, directory: string): string {
  return `
  server {
    listen 127.0.0.1:${port} backlog=1024;
    root ${directory};
    default_type application/octet-stream;
  }`
}

/** What the top-level nginx.conf says on inference and files, without what belongs to the service alone. */
function nginxConfig(args: {
  directory: string
  servers: readonly string[]
  workerProcesses: number
}): string {
  const { directory, servers, workerProcesses } = args
  return `
daemon off;
${process.getuid?.() === 0 ? `user ${userInfo().username};` : ''}
worker_processes ${workerProcesses};
pid ${directory}/nginx.pid;
error_log stderr crit;
events { worker_connections 4096; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 100000;
  open_file_cache max=4096 inactive=30s;
  client_max_body_size 64m;
  client_body_buffer_size 1m;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  proxy_http_version 1.1;
  proxy_max_temp_file_size 0;
  proxy_set_header Connection '';
  proxy_set_header Host $host;
  proxy_set_header X-Forwarded-For $remote_addr;
  proxy_set_header X-Forwarded-Host $host;
  proxy_set_header X-Forwarded-Proto $scheme;
  proxy_set_header X-Request-Id $request_id;
  ${servers.join('\n')}
}
`
}
