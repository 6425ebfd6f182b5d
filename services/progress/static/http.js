// Requests to the platform. A worn-out access token is renewed once, and the request sent again.

let renewing = null;

export class Failure extends Error {
  // status 0: the network, not the server, said no.
  constructor(status, { retryAfterSeconds = null, problem = {} } = {}) {
    super(`request failed with ${status}`);
    this.status = status;
    this.retryAfterSeconds = retryAfterSeconds;
    this.problem = problem;
  }

  // Whether the same request may succeed later.
  get passing() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export async function request(method, path, body) {
  let answer = await send(method, path, body);
  if (answer.status === 401 && (await renew())) answer = await send(method, path, body);
  if (!answer.ok) throw await failure(answer);
  return answer.status === 204 ? null : read(answer);
}

// As `request`, for paths that check a token of their own and know no cookies. Only 202 confirms:
// the sign-in page of a hotel's network says 200 to everything.
export async function post(path, body) {
  const answer = await send("POST", path, body);
  if (!answer.ok) throw await failure(answer);
  if (answer.status !== 202) throw new Failure(0);
}

async function read(answer) {
  try {
    return await answer.json();
  } catch {
    throw new Failure(0); // cut off on the way, or not our server's word
  }
}

async function send(method, path, body) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const signal = AbortSignal.timeout ? AbortSignal.timeout(20_000) : undefined;
  try {
    return await fetch(path, { method, headers, body: JSON.stringify(body), signal });
  } catch {
    throw new Failure(0);
  }
}

async function failure(answer) {
  const wait = Number(answer.headers.get("Retry-After"));
  let problem = {};
  try {
    problem = await answer.json();
  } catch {
    // The gateway answers some failures with a page; the status says enough.
  }
  return new Failure(answer.status, { retryAfterSeconds: wait > 0 ? wait : null, problem });
}

async function renew() {
  renewing ??= send("POST", "/api/identity/sessions/refresh").finally(() => {
    renewing = null;
  });
  const answer = await renewing;
  if (answer.status >= 500) throw await failure(answer);
  return answer.ok;
}
