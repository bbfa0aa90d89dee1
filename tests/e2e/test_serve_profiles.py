"""Each profile of `wsload serve` as a client of its sample sees it. What a load test of them says
is in test_backends.py."""

import asyncio
import json

import websockets

import harness

TOKENS = 5
FAST = ("--stream", TOKENS, "--delay", "5ms", "--gap", "1ms")


def dumps(**members):
    return json.dumps(members)


# Of each profile: what the client sends, how many messages come back to a stream of TOKENS, the
# token in one of them, and how to tell the last of the reply itself.
ROWS = {
    "genai-application-builder": (
        dumps(action="sendMessage", question="hi", conversationId="c1"),
        TOKENS + 3,
        lambda message: message["data"],
        lambda message: message["data"] == "##END_CONVERSATION##",
    ),
    "serverless-patterns": (
        dumps(action="invokeModel", prompt="hi"),
        TOKENS + 1,
        lambda message: message,
        lambda message: message == "<End of LLM response>",
    ),
    "serverless-patterns-rust": (
        dumps(storyType="funny"),
        TOKENS,
        lambda message: message["message"],
        None,
    ),
    "genai-llm-chatbot": (
        dumps(action="run", data={"text": "hi", "sessionId": "s1"}),
        TOKENS + 2,
        lambda message: message["data"].get("token", {}).get("value"),
        lambda message: message["action"] == "final_response",
    ),
    "korean-chatbot": (
        dumps(request_id="r1", type="text", body="hi"),
        TOKENS + 1,
        lambda message: message["msg"],
        lambda message: message["status"] == "completed",
    ),
    "amazon-bedrock-websocket": (
        dumps(action="send", data="hi"),
        TOKENS + 1,
        lambda message: message["message"]["completion"],
        lambda message: message["message"]["stop_reason"] is not None,
    ),
}


def loads(text):
    return json.loads(text) if text.startswith("{") else text


async def talk(url, *steps):
    """Each step is a message and how many answers to await; returns the answers of the last."""
    async with websockets.connect(url) as socket_:
        for message, count in steps:
            await socket_.send(message)
            answers = [loads(await asyncio.wait_for(socket_.recv(), 20)) for _ in range(count)]
        # What comes behind a ping is there by now.
        await asyncio.wait_for(await socket_.ping(), 20)
        return answers


class Profiles(harness.Case):
    def talk(self, profile, *steps, flags=FAST):
        return asyncio.run(talk(self.serve("--profile", profile, *flags).url(), *steps))

    def test_streams(self):
        tokens = [f"tok{k + 1} " for k in range(TOKENS)]
        for profile, (message, count, token, is_last) in ROWS.items():
            with self.subTest(profile=profile):
                answers = self.talk(profile, (message, count))
                self.assertEqual(
                    [token(answer) for answer in answers if str(token(answer))[:3] == "tok"],
                    tokens,
                )
                if is_last:
                    self.assertEqual(sum(map(is_last, answers)), 1)

    def test_keep_alives(self):
        answers = self.talk("genai-application-builder", ROWS["genai-application-builder"][:2])
        self.assertEqual(
            [answer["data"] for answer in answers],
            ["##PROCESSING##", "tok1 ", "tok2 ", "tok3 ", "##KEEP_ALIVE##", "tok4 ", "tok5 ",
             "##END_CONVERSATION##"],
        )

    def test_ids_come_back(self):
        for profile, path in (("korean-chatbot", ("request_id",)),
                              ("genai-llm-chatbot", ("data", "sessionId")),
                              ("genai-application-builder", ("conversationId",))):
            message, count, _, _ = ROWS[profile]
            for answer in self.talk(profile, (message, count)):
                for name in path:
                    answer = answer[name]
                self.assertIn(answer, ("r1", "s1", "c1"))

    def test_late_token_behind_the_final_response(self):
        answers = self.talk("genai-llm-chatbot", ROWS["genai-llm-chatbot"][:2])
        self.assertEqual(
            [answer["action"] for answer in answers[-2:]], ["final_response", "llm_new_token"]
        )

    def test_a_reply_counts_when_its_end_was_sent(self):
        """A client that leaves with the end misses what the sample sends behind it."""
        for profile, steps in (
            ("bedrock-chat", ((dumps(step="START"), 1), (dumps(step="END"), TOKENS + 1))),
            ("genai-llm-chatbot", ((ROWS["genai-llm-chatbot"][0], TOKENS + 1),)),
        ):
            served = self.serve("--profile", profile, "--stream", TOKENS, "--gap", "20ms")
            asyncio.run(talk(served.url(), *steps))
            self.assertIn(f"{len(steps)} messages: 1 replies, 0 errors", served.stop().out)

    def test_bedrock_chat_in_steps(self):
        answers = self.talk(
            "bedrock-chat",
            (dumps(step="START", token="t"), 1),
            (dumps(step="BODY", index=0, part="h"), 1),
            (dumps(step="BODY", index=1, part="i"), 1),
            (dumps(step="END", token="t"), TOKENS + 2),
        )
        self.assertEqual(
            [answer if isinstance(answer, str) else answer["status"] for answer in answers],
            ["STREAMING"] * TOKENS + ["STREAMING_END", "Message sent."],
        )
        [ack] = self.talk("bedrock-chat", (dumps(step="START", token="t"), 1))
        self.assertEqual(ack, "Session started.")

    def test_one_message(self):
        [answer] = self.talk("mcn-load-test", (dumps(message="hi"), 1), flags=())
        self.assertEqual(set(answer), {"message", "intent"})
        [answer] = self.talk("simple-chat", (dumps(action="sendmessage", data="hi"), 1), flags=())
        self.assertEqual(answer, "hi")

    def test_simple_chat_tells_everybody(self):
        url = self.serve("--profile", "simple-chat").url()

        async def chat():
            async with websockets.connect(url) as one, websockets.connect(url) as other:
                await one.send(dumps(action="sendmessage", data="hello"))
                return await one.recv(), await other.recv()

        self.assertEqual(asyncio.run(chat()), ("hello", "hello"))

    def test_errors(self):
        def is_error(profile, answer):
            return {
                "genai-application-builder": lambda: "errorMessage" in answer,
                "serverless-patterns": lambda: isinstance(answer, str),
                "genai-llm-chatbot": lambda: answer["action"] == "error",
                "korean-chatbot": lambda: answer["status"] == "error",
            }[profile]()

        for profile, (message, _, _, _) in ROWS.items():
            with self.subTest(profile=profile):
                hangs = profile in ("serverless-patterns-rust", "amazon-bedrock-websocket")
                flags = ("--error-rate", 100, "--gap", "1ms")
                answers = self.talk(profile, (message, 0 if hangs else 1), flags=flags)
                self.assertTrue(hangs or is_error(profile, answers[0]), answers)
        [answer] = self.talk("mcn-load-test", (dumps(message="a"), 1), flags=("--error-rate", 100))
        self.assertTrue(answer["message"].startswith("Une erreur"))

    def test_no_route(self):
        for profile in ("simple-chat", "genai-llm-chatbot", "amazon-bedrock-websocket"):
            [answer] = self.talk(profile, (dumps(action="other", data="hi"), 1), flags=())
            self.assertEqual(answer["message"], "Forbidden")


if __name__ == "__main__":
    harness.main()
