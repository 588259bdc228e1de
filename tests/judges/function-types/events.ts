// What each recorded event and context must be: the official types, which
// everything below refers to. Where the documentation or the official samples
// show more or fewer keys than the types, that is said here and nowhere else.

import type { Handler } from "@yandex-cloud/function-types";

type Http = Parameters<Handler.Http>[0];
type Values = Record<string, string>;
type Lists = Record<string, string[]>;

/** The documentation's keys of payload format 0.1; a direct call has them too. */
type Format0 = {
  url: string;
  path: string;
  pathParams: Values;
  params: Values;
  multiValueParams: Lists;
};

/** The documentation's keys of payload format 1.0. */
type Format1 = {
  version: "1.0";
  resource: string;
  path: string;
  pathParameters: Values;
  parameters: Values;
  multiValueParameters: Lists;
  operationId: string;
};

/** In the official sample of CONNECT. */
type Query = {
  queryStringParameters: Values;
  multiValueQueryStringParameters: Lists;
};

export type Direct = Http & Format0;
export type Format0Event = Http & Format0;
export type Format1Event = Http & Format1;
export type Connect = Parameters<Handler.ApiGateway.WebSocket.Connect>[0] & Query;
export type Message = Parameters<Handler.ApiGateway.WebSocket.Message>[0];
/** The official sample has no httpMethod at its top; the documentation has a reason. */
export type Disconnect = Omit<
  Parameters<Handler.ApiGateway.WebSocket.Disconnect>[0],
  "httpMethod"
> & { requestContext: { disconnectReason?: string } };
export type Trigger = Parameters<Handler.DataStreams>[0];
export type Context = Parameters<Handler.Http>[1];
/** Of a version without a service account (documented). */
export type ContextWithoutToken = Omit<Context, "token">;
