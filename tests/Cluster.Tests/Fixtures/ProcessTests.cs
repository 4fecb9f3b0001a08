namespace FastPush.Cluster.Tests.Fixtures;

/// <summary>One embedded gateway, its clients, and what becomes of processes.</summary>
public sealed class ProcessTests
{
    [Fact]
    public async Task Clients_of_a_gateway_with_signed_tokens_get_what_they_send()
    {
        using var signer = new TokenSigner();
        await using var gateway = await GatewayProcess.StartAsync([], GatewayState.Live, signer);
        await gateway.UntilAsync(GatewayState.Ready);
        await using var stream = await SseClient.OpenAsync(gateway.Address, signer.Sign("carol"), null, "/topic/a", "/user/queue/q");
        await using var alice = await StompClient.ConnectAsync(gateway.Address, signer.Sign("alice"));
        await alice.SubscribeAsync("/user/queue/q", "1", "ack:client-individual");
        var id = await alice.SendAsync("/user/alice/queue/q", "hello", "x:y");
        var message = await alice.NextAsync();
        Assert.Equal((id, "hello", "y"), (message["message-id"], message.Body, message["x"]));
        await alice.AckedAsync(message);
        var other = await alice.SendAsync("/topic/a", "two\nlines");
        var came = await stream.NextAsync();
        Assert.Equal((other, "message", "two\nlines"), (came.MessageId, came.Type, came.Data));
        Assert.Equal(came.Id, stream.LastEventId);

        await alice.SendFrameAsync("HELLO\n\n");
        var end = await alice.Ended.WaitAsync(Deadline.Default);
        Assert.Equal((1002, "ERROR"), (end.Code, end.Error?.Command));
        await Assert.ThrowsAsync<ConnectionEndedException>(() => alice.SendAsync("/topic/a", "late"));
        await Assert.ThrowsAsync<ConnectionEndedException>(() => alice.NextAsync());
        Assert.Equal(0, await gateway.TerminateAsync());
        await Assert.ThrowsAsync<ConnectionEndedException>(() => stream.NextAsync());
        gateway.AssertNoFaults();
    }

    [Fact]
    public async Task A_killed_gateway_is_gone_and_its_clients_know()
    {
        await using var gateway = await GatewayProcess.StartAsync();
        await using var alice = await StompClient.ConnectAsync(gateway.Address, await gateway.TokenAsync("alice"));
        await gateway.KillAsync();
        Assert.Equal(1006, (await alice.Ended.WaitAsync(Deadline.Default)).Code);
        Assert.True(gateway.HasExited);
        Assert.Equal(0, await gateway.StatusAsync("/health/live"));
    }

    [Fact]
    public async Task Children_end_with_the_process_that_started_them()
    {
        if (!File.Exists("/usr/bin/setpriv"))
        {
            Assert.False(OperatingSystem.IsLinux(), "setpriv (util-linux) is missing");
            return;
        }

        // A process in between, since this one must live on.
        await using var parent = await ChildProcess.StartAsync(
            "sh", ["-c", "setpriv --pdeathsig KILL sleep 1000 & echo child $!; wait"]);
        await Deadline.Until(() => parent.Log.Contains("child ", StringComparison.Ordinal));
        var child = $"/proc/{parent.Log.Split(' ')[1].Trim()}/comm";
        await Deadline.Until(() => File.ReadAllText(child) == "sleep\n");
        await parent.KillAsync();
        await Deadline.Until(() => HasEnded(child));
        Assert.True(parent.HasExited);

        // One that nobody waits for stays in the table, with an empty command line.
        static bool HasEnded(string comm)
        {
            try
            {
                return File.ReadAllText(comm.Replace("/comm", "/cmdline", StringComparison.Ordinal)).Length == 0;
            }
            catch (IOException)
            {
                return true;
            }
        }
    }
}
