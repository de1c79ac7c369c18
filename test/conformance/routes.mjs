// The conformance service: what each request asks for is answered, with what was received echoed back.
import { create } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import * as service from "./gen/connectrpc/conformance/v1/service_pb.js";
import { addHeaders, errorToThrow, headersOf, wait } from "./protocol.mjs";

const infoSchema = service.ConformancePayload_RequestInfoSchema;

/** @param router - where the service is put */
export function routes(router) {
  router.service(service.ConformanceService, {
    unary: (request, context) =>
      answer(request.responseDefinition, [anyPack(service.UnaryRequestSchema, request)], context),

    idempotentUnary: (request, context) =>
      answer(request.responseDefinition, [anyPack(service.IdempotentUnaryRequestSchema, request)], context),

    async clientStream(requests, context) {
      const received = [];
      let definition;
      for await (const request of requests) {
        if (received.length === 0) definition = request.responseDefinition;
        received.push(anyPack(service.ClientStreamRequestSchema, request));
      }
      return answer(definition, received, context);
    },

    async *serverStream(request, context) {
      const definition = request.responseDefinition;
      const received = [anyPack(service.ServerStreamRequestSchema, request)];
      setHeaders(definition, context);
      let sent = 0;
      for (const data of definition?.responseData ?? []) {
        await wait(definition.responseDelayMs);
        yield reply(data, sent++ === 0 ? infoOf(received, context) : undefined);
      }
      if (definition?.error !== undefined) throw failure(definition.error, sent === 0, received, context);
    },

    async *bidiStream(requests, context) {
      let definition;
      let fullDuplex = false;
      let isFirst = true;
      let sent = 0;
      let received = [];
      for await (const request of requests) {
        if (isFirst) {
          definition = request.responseDefinition;
          fullDuplex = request.fullDuplex;
          setHeaders(definition, context);
          isFirst = false;
        }
        received.push(anyPack(service.BidiStreamRequestSchema, request));
        if (!fullDuplex) continue;
        // Asked for more answers than there are: the stream ends here.
        if (sent >= (definition?.responseData.length ?? 0)) break;
        await wait(definition.responseDelayMs);
        yield reply(definition.responseData[sent++], infoOf(received, context));
        received = [];
      }
      for (const data of definition?.responseData.slice(sent) ?? []) {
        await wait(definition.responseDelayMs);
        yield reply(data, sent++ === 0 ? infoOf(received, context) : undefined);
      }
      if (definition?.error !== undefined) throw failure(definition.error, sent === 0, received, context);
    },
  });
}

async function answer(definition, received, context) {
  setHeaders(definition, context);
  await wait(definition?.responseDelayMs ?? 0);
  const info = infoOf(received, context);
  if (definition?.response.case === "error")
    throw failure(definition.response.value, true, received, context);
  return reply(definition?.response.value, info);
}

function setHeaders(definition, context) {
  addHeaders(context.responseHeader, definition?.responseHeaders ?? []);
  addHeaders(context.responseTrailer, definition?.responseTrailers ?? []);
}

function reply(data, requestInfo) {
  return {
    payload: { ...(data !== undefined && { data }), ...(requestInfo !== undefined && { requestInfo }) },
  };
}

/** The error to throw; where no answer went out before, it carries what was received. */
function failure(error, withInfo, received, context) {
  const info = withInfo ? [anyPack(infoSchema, infoOf(received, context))] : [];
  return errorToThrow({ ...error, details: [...error.details, ...info] });
}

function infoOf(requests, context) {
  const timeoutMs = context.timeoutMs();
  return create(infoSchema, {
    requestHeaders: headersOf(context.requestHeader),
    requests,
    ...(timeoutMs !== undefined && { timeoutMs: BigInt(Math.round(timeoutMs)) }),
    ...(context.requestMethod === "GET" && { connectGetInfo: { queryParams: queryOf(context.url) } }),
  });
}

function queryOf(url) {
  return [...new URL(url).searchParams].map(([name, value]) => ({ name, value: [value] }));
}
