"""What happens when things die: the real servers, workers, beats and sweepers, and nothing lost or doubled.

python -m tests.chaos.run                        every scenario once, two or three minutes
python -m tests.chaos.run --minutes 5            the crowd scenario again and again, with a kill -9 every few seconds
python -m tests.chaos.run --only redis_away --clocks 20000
"""
