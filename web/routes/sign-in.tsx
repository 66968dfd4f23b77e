import { getRouteApi, Link } from "@tanstack/react-router";
import { type FormEvent, useRef } from "react";
import { SignInRequestSchema } from "#gen/shop/auth/v1/auth_service_pb.js";
import { EnterPage } from "../components/enter-page.tsx";
import { TextField } from "../components/field.tsx";
import { Notice } from "../components/notice.tsx";
import { focusFirstError, useContractForm } from "../lib/contract-form.ts";
import { useEnter } from "../lib/enter.ts";
import { problemOf } from "../lib/errors.ts";
import { useSession } from "../lib/session-context.tsx";
import { useTitle } from "../lib/title.ts";

const route = getRouteApi("/sign-in");
const HOME = "/";

/** For people with an account. */
export function View() {
  useTitle("Sign in");
  const { redirect } = route.useSearch();
  const isCheckout = redirect?.startsWith("/checkout") ?? false;
  const title = isCheckout ? "Sign in to check out" : "Welcome back";
  const session = useSession();
  const enter = useEnter(session.signIn, redirect ?? HOME);
  const element = useRef<HTMLFormElement>(null);
  const form = useContractForm(SignInRequestSchema, {
    initial: { email: "", password: "" },
    toMessage: ({ email, password }) => ({ email: email.trim(), password }),
    hints: { email: "Enter an address such as name@example.com." },
  });

  async function onSubmit(event: FormEvent) {
    event.preventDefault();
    const message = await form.validate();
    if (!message) return focusFirstError(element.current);
    enter.mutate(message, { onError: (error) => form.refuse(problemOf(error)) });
  }

  return (
    <EnterPage title={title} redirect={redirect ?? HOME} busy={enter.isPending || enter.isSuccess}>
      {isCheckout && <p className="soft">Your cart is kept.</p>}
      <form className="form" ref={element} onSubmit={(event) => void onSubmit(event)} noValidate>
        {enter.error && <Notice tone="bad">{problemOf(enter.error).sentence}</Notice>}
        <TextField label="Email" type="email" autoComplete="email" {...form.field("email")} />
        <TextField label="Password" type="password" autoComplete="current-password" {...form.field("password")} />
        <button type="submit" className="button" data-wide disabled={enter.isPending}>
          {enter.isPending ? "Signing in…" : "Sign in"}
        </button>
      </form>
      <div className="enter-other">
        <p className="soft">New here?</p>
        <Link to="/sign-up" search={{ redirect }} className="button" data-look="quiet" data-wide>
          Make an account
        </Link>
      </div>
    </EnterPage>
  );
}
