using FastPush.Gateway.Sessions;
using FastPush.Gateway.Tests.Testing;
using FastPush.Gateway.Topics;

namespace FastPush.Gateway.Tests.Topics;

/// <summary>Alone, since its threads would take the processors from tests that others wait for.</summary>
[Collection(NodeCollection.Name)]
public sealed class SubscriberListTests
{
    private static readonly Topic Topic = new("/topic/a"u8.ToArray(), null, null);

    private static Subscription Make(int number) => new(null!, Topic, number, [], AckMode.Auto, OverflowPolicy.Close);

    private static int[] Numbers(SubscriberList list)
    {
        var numbers = new List<int>();
        foreach (var subscription in list.Snapshot())
        {
            if (subscription is not null)
            {
                numbers.Add(subscription.Number);
            }
        }

        return [.. numbers.Order()];
    }

    [Fact]
    public void It_holds_who_was_added_and_not_removed()
    {
        var random = new Random(5);
        var list = new SubscriberList();
        var inside = new Dictionary<int, Subscription>();
        for (var step = 0; step < 5000; step++)
        {
            // Grows to some hundreds, shrinks to nothing, grows again.
            if (random.Next(100) < (step / 1000 % 2 == 0 ? 70 : 25) || inside.Count == 0)
            {
                inside[step] = Make(step);
                list.Add(inside[step]);
            }
            else
            {
                var (number, leaving) = inside.ElementAt(random.Next(inside.Count));
                inside.Remove(number);
                Assert.True(list.Remove(leaving));
                Assert.False(list.Remove(leaving));
            }

            Assert.Equal(inside.Count, list.Count);
        }

        Assert.Equal(inside.Keys.Order(), Numbers(list));
    }

    [Fact]
    public void Slots_of_who_left_are_used_again()
    {
        var list = new SubscriberList();
        var stays = Make(0);
        list.Add(stays);
        for (var i = 1; i < 1000; i++)
        {
            var comes = Make(i);
            list.Add(comes);
            list.Remove(comes);
        }

        Assert.Equal(2, list.Snapshot().Length);
        Assert.Equal([0], Numbers(list));
    }

    [Fact]
    public void Readers_meet_who_stays_exactly_once_whatever_others_do()
    {
        var list = new SubscriberList();
        var staying = Enumerable.Range(0, 20).Select(Make).ToArray();
        var stop = 0;
        var failure = "";
        var snapshots = 0;
        foreach (var subscription in staying)
        {
            list.Add(subscription);
        }

        var readers = Enumerable.Range(0, 3).Select(_ => new Thread(() =>
        {
            Span<int> seen = stackalloc int[staying.Length];
            while (Volatile.Read(ref stop) == 0)
            {
                seen.Clear();
                foreach (var subscription in list.Snapshot())
                {
                    if (subscription?.Number < staying.Length)
                    {
                        seen[subscription.Number]++;
                    }
                }

                if (seen.IndexOfAnyExcept(1) >= 0)
                {
                    failure = string.Join(',', seen.ToArray());
                }

                Interlocked.Increment(ref snapshots);
            }
        })).ToList();
        readers.ForEach(r => r.Start());
        var random = new Random(9);
        var moving = new List<Subscription>();
        for (var step = 0; step < 50_000 || Volatile.Read(ref snapshots) < 1000; step++)
        {
            if (moving.Count == 0 || random.Next(2) == 0)
            {
                moving.Add(Make(100));
                list.Add(moving[^1]);
            }
            else
            {
                list.Remove(moving[^1]);
                moving.RemoveAt(moving.Count - 1);
            }
        }

        Volatile.Write(ref stop, 1);
        readers.ForEach(r => r.Join());
        Assert.Equal("", failure);
    }

    [Fact]
    public void Readers_survive_the_last_one_leaving()
    {
        var list = new SubscriberList();
        var stop = 0;
        var snapshots = 0;
        Exception? failure = null;
        var reader = new Thread(() =>
        {
            try
            {
                while (Volatile.Read(ref stop) == 0)
                {
                    Numbers(list);
                    Interlocked.Increment(ref snapshots);
                }
            }
            catch (Exception e)
            {
                failure = e;
            }
        });
        reader.Start();
        for (var step = 0; step < 20_000 || (Volatile.Read(ref snapshots) < 1000 && reader.IsAlive); step++)
        {
            var several = Enumerable.Range(0, step % 5).Select(Make).ToList();
            several.ForEach(list.Add);
            several.ForEach(s => list.Remove(s));
        }

        Volatile.Write(ref stop, 1);
        reader.Join();
        Assert.Null(failure);
        Assert.Equal(0, list.Count);
    }
}
