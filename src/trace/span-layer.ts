import { type Context, ROOT_CONTEXT, type Span, type SpanContext, trace } from "@opentelemetry/api";

/**
 * `trace.setSpanContext`, for every message of a stream. OpenTelemetry's contexts copy all their values for each one
 * that is set; this one is a layer over the stream's own, and a copy only when somebody sets more.
 */
export function withRemoteSpan(base: Context, span: SpanContext): Context {
  return new SpanLayer(base, trace.wrapSpanContext(span));
}

class SpanLayer implements Context {
  constructor(
    private readonly base: Context,
    private readonly span: Span,
  ) {}

  getValue(key: symbol): unknown {
    return key === spanKey ? this.span : this.base.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return this.flat().setValue(key, value);
  }

  deleteValue(key: symbol): Context {
    return this.flat().deleteValue(key);
  }

  private flat(): Context {
    return trace.setSpan(this.base, this.span);
  }
}

/** Where OpenTelemetry's contexts hold the span: the API does not export the key, and tells it here. */
const spanKey: symbol = findSpanKey();

function findSpanKey(): symbol {
  let found = Symbol();
  const asked: Context = {
    getValue: (key) => {
      found = key;
    },
    setValue: () => ROOT_CONTEXT,
    deleteValue: () => ROOT_CONTEXT,
  };
  trace.getSpan(asked);
  return found;
}
