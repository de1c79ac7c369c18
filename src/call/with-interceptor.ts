import type { ConnectRouter, Interceptor } from "@connectrpc/connect";

/**
 * Puts an interceptor in front of services and methods that bring their own `interceptors`: Connect drops
 * the router's for those. Services without their own keep the router's, and are passed on untouched.
 *
 * @param routes - registers services on a router
 * @param interceptor - usually the same one that the router has
 * @returns routes to register in place of `routes`
 *
 * @example
 * connectNodeAdapter({ interceptors: [observe], routes: withInterceptor(routes, observe) })
 */
export function withInterceptor<R>(
  routes: (router: ConnectRouter) => R,
  interceptor: Interceptor,
): (router: ConnectRouter) => R {
  return (router) => routes(prepending(router, interceptor));
}

type ServiceOptions = Parameters<ConnectRouter["service"]>[2];

/** A router that adds the interceptor on the way in; everything else is the given router's own. */
function prepending(router: ConnectRouter, interceptor: Interceptor): ConnectRouter {
  const prepended: ConnectRouter = Object.create(router, {
    service: {
      value: ((service, implementation, options) => {
        router.service(service, implementation, prepend(options, interceptor));
        return prepended;
      }) satisfies ConnectRouter["service"],
    },
    rpc: {
      value: ((method, implementation, options) => {
        router.rpc(method, implementation, prepend(options, interceptor));
        return prepended;
      }) satisfies ConnectRouter["rpc"],
    },
  });
  return prepended;
}

/**
 * Options without interceptors pass as they are, `undefined` included: any object would make Connect
 * choose the protocols anew and so bring back those that the router has switched off.
 */
function prepend(options: ServiceOptions, interceptor: Interceptor): ServiceOptions {
  if (options === undefined || !("interceptors" in options)) return options;
  const own = options.interceptors ?? [];
  return own.includes(interceptor) ? options : { ...options, interceptors: [interceptor, ...own] };
}
