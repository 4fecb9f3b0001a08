namespace FastPush.Cluster.Tests.Chaos;

/// <summary>
/// Breaks things at random and mends them: one thing between Redis and the gateways and one gateway at a time, so that often both are
/// broken, and two gateways always run.
/// </summary>
internal sealed class FaultSchedule(ChaosClock clock, Stage stage, FaultLog log)
{
    public Task RunAsync() => Task.WhenAll(BreakRedisAsync(), BreakGatewaysAsync());

    private async Task BreakRedisAsync()
    {
        var random = clock.RandomOf("redis");
        while (true)
        {
            await clock.PauseAsync(random, 500, 5_000);
            if (clock.IsOver)
            {
                return;
            }

            var gateway = random.Next(Stage.Size);
            switch (random.Next(5))
            {
                case 0:
                    using (log.Begin("Redis is killed", cutOff: -1))
                    {
                        await stage.Redis.KillAsync();
                        await clock.PauseAsync(random, 1, 3_000);
                        await stage.Redis.RestartAsync();
                    }

                    break;
                case 1:
                    using (log.Begin("Redis stands still", cutOff: -1))
                    {
                        stage.Redis.Pause();
                        await clock.PauseAsync(random, 100, 4_000);
                        stage.Redis.Resume();
                    }

                    break;
                case 2:
                    using (log.Begin($"connections of g{gateway} to Redis are cut", cutOff: gateway))
                    {
                        stage.Proxies[gateway].Cut();
                    }

                    break;
                case 3:
                    using (log.Begin($"g{gateway} cannot connect to Redis", cutOff: gateway))
                    {
                        await stage.Proxies[gateway].RefuseAsync();
                        stage.Proxies[gateway].Cut();
                        await clock.PauseAsync(random, 100, 5_000);
                        stage.Proxies[gateway].Accept();
                    }

                    break;
                default:
                    using (log.Begin($"the way of g{gateway} to Redis stands still", cutOff: gateway))
                    {
                        stage.Proxies[gateway].Stall();
                        await clock.PauseAsync(random, 100, 5_000);
                        stage.Proxies[gateway].Flow();
                    }

                    break;
            }
        }
    }

    private async Task BreakGatewaysAsync()
    {
        var random = clock.RandomOf("gateways");
        while (true)
        {
            await clock.PauseAsync(random, 500, 5_000);
            if (clock.IsOver)
            {
                return;
            }

            var place = stage.At(random.Next(Stage.Size));
            var gateway = stage.Gateways[place.Gateway];
            switch (random.Next(4))
            {
                case 0 or 1:
                    using (log.Begin($"{place.Process} is killed", ended: place.Process))
                    {
                        await gateway.KillAsync();
                        await clock.PauseAsync(random, 1, 4_000);
                        await stage.ReplaceAsync(place.Gateway);
                    }

                    break;
                case 2:
                    using (log.Begin($"{place.Process} gets SIGTERM", ended: place.Process))
                    {
                        await gateway.TerminateAsync(TimeSpan.FromSeconds(60));
                        await stage.ReplaceAsync(place.Gateway);
                    }

                    break;
                default:
                    using (log.Begin($"{place.Process} stands still"))
                    {
                        gateway.Pause();
                        await clock.PauseAsync(random, 200, 6_000);
                        gateway.Resume();
                    }

                    break;
            }
        }
    }
}
