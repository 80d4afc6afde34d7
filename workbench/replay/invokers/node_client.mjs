// Runs a Node handler against the Lambda Runtime API: node node_client.mjs FILE FUNCTION
// What Lambda's own client does for handlers that return a promise, take a callback, or throw. Nothing but Node is needed.

import http from "node:http";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

function call(method, place, body) {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
    const request = http.request({ host, port, agent, method, headers, path: `/2018-06-01/runtime${place}` }, (response) => {
      const pieces = [];
      response.on("data", (piece) => pieces.push(piece));
      response.on("end", () => resolve({ headers: response.headers, text: Buffer.concat(pieces).toString() }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

function described(error) {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
  return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? "").split("\n") };
}

function named(errorType, errorMessage) {
  return Object.assign(new Error(errorMessage), { name: errorType });
}

async function load(file, name) {
  let module;
  try {
    module = await import(pathToFileURL(path.resolve(file)));
  } catch (error) {
    if (error instanceof SyntaxError) throw named("Runtime.UserCodeSyntaxError", `SyntaxError: ${error.message}`);
    if (error?.code === "ERR_MODULE_NOT_FOUND" || error?.code === "MODULE_NOT_FOUND")
      throw named("Runtime.ImportModuleError", `Error: ${error.message}`);
    throw error;
  }
  const found = name in module ? module[name] : module.default?.[name];
  if (typeof found !== "function") throw named("Runtime.HandlerNotFound", `${path.parse(file).name}.${name} is undefined or not exported`);
  return found;
}

// A handler with a callback answers when it calls it; any other with what it returns, or what its promise becomes.
function answered(handler, event, context) {
  return new Promise((resolve, reject) => {
    const callback = (error, result) => (error ? reject(error) : resolve(result));
    Object.assign(context, { done: callback, fail: reject, succeed: resolve });
    const returned = handler(event, context, callback);
    if (typeof returned?.then === "function") returned.then(resolve, reject);
    else if (returned !== undefined || handler.length < 3) resolve(returned);
  });
}

function contextOf(headers) {
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  return {
    callbackWaitsForEmptyEventLoop: true,
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    getRemainingTimeInMillis: () => Math.max(deadline - Date.now(), 0),
  };
}

// As in Lambda, what nobody catches ends the process; its name reaches the log, and the invocation its error.
let open = null;
for (const [kind, name] of [["uncaughtException", "Runtime.UncaughtException"], ["unhandledRejection", "Runtime.UnhandledPromiseRejection"]]) {
  process.on(kind, async (error) => {
    console.error(kind, error);
    const told = { ...described(error), errorType: name };
    await call("POST", open ? `/invocation/${open}/error` : "/init/error", JSON.stringify(told)).catch(() => {});
    process.exit(129);
  });
}

const [file, name] = process.argv.slice(2);
let handler;
try {
  handler = await load(file, name);
} catch (error) {
  await call("POST", "/init/error", JSON.stringify(described(error)));
  process.exit(1);
}
for (;;) {
  const { headers, text } = await call("GET", "/invocation/next");
  const id = (open = headers["lambda-runtime-aws-request-id"]);
  process.env._X_AMZN_TRACE_ID = headers["lambda-runtime-trace-id"];
  let kind = "response";
  let body;
  try {
    body = JSON.stringify((await answered(handler, JSON.parse(text), contextOf(headers))) ?? null);
  } catch (error) {
    [kind, body] = ["error", JSON.stringify(described(error))];
  }
  await call("POST", `/invocation/${id}/${kind}`, body);
  open = null;
}
